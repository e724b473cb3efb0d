//! nginx before a server, with a configuration and a port of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use tempfile::TempDir;
use tokio::net::TcpStream;

use super::program::Program;
use super::{PATIENCE, settings};

/// How often a port is chosen: another program may take it between the choice and nginx.
const CHOICES: usize = 5;

/// A running nginx.
#[derive(Debug)]
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    _program: Program,
    _folder: TempDir,
}

impl Nginx {
    /// Passes everything on to a server, with this value of `Host`, as nginx's configuration writes it.
    pub(crate) async fn before(server: SocketAddr, host: &str) -> Self {
        for _ in 0..CHOICES {
            if let Some(nginx) = Self::start(server, host).await {
                return nginx;
            }
        }
        panic!("nginx found no port in {CHOICES} attempts");
    }

    async fn start(server: SocketAddr, host: &str) -> Option<Self> {
        let folder = TempDir::with_prefix("rejoin-nginx-").unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let path = folder.path().join("nginx.conf");
        fs::write(&path, configuration(&folder, address, server, host)).unwrap();
        let mut command = Command::new(settings::nginx());
        command.args(["-e", "stderr", "-p"]).arg(folder.path()).arg("-c").arg(&path);
        let mut program = Program::start(&mut command);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while TcpStream::connect(address).await.is_err() {
            if program.status().is_some() {
                let said = program.stderr.text();
                assert!(said.contains("Address already in use"), "nginx does not start: {said}");
                return None;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "nginx does not listen: {}",
                program.stderr.text()
            );
            tokio::task::yield_now().await;
        }
        Some(Self { address, _program: program, _folder: folder })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn configuration(folder: &TempDir, listen: SocketAddr, server: SocketAddr, host: &str) -> String {
    let folder = folder.path().display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {folder}/{name};\n"))
        .concat();
    format!(
        "daemon off;
master_process off;
pid {folder}/pid;
events {{}}
http {{
    access_log off;
{temporary}    map $http_upgrade $connection_upgrade {{
        default upgrade;
        '' close;
    }}
    server {{
        listen {listen};
        location / {{
            proxy_pass http://{server};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host {host};
        }}
    }}
}}
"
    )
}
