//! What idle sessions cost a server: starts demo-server, opens so many sessions with it, and reads from /proc what it holds
//! and what it does. `idle-sessions DEMO_SERVER COUNT`.
// A table for a terminal is what this program is for.
#![allow(clippy::print_stdout)]

#[cfg(target_os = "linux")]
mod idle {
    use std::error::Error;
    use std::process::Stdio;
    use std::time::Duration;

    use rejoin::Session;
    use rejoin_test_support::process::Process;
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::process::Command;
    use tokio::time::sleep;

    /// Sessions that connect at the same time.
    const AT_ONCE: usize = 50;
    /// How long is looked at what the server does.
    const WATCH: Duration = Duration::from_secs(20);

    pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
        let usage = "use idle-sessions DEMO_SERVER COUNT";
        let mut arguments = std::env::args().skip(1);
        let (program, count) = (arguments.next().ok_or(usage)?, arguments.next().ok_or(usage)?.parse()?);
        let most = format!("{}", count + 10);
        let mut server = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--log", "warn", "--max-connections", &most])
            .args(["--max-connections-per-address", &most])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let out = server.stdout.take().ok_or("no output")?;
        let line = BufReader::new(out).lines().next_line().await?.ok_or("the server has ended")?;
        let address = line.strip_prefix("listening on http://").ok_or("an unknown line")?.to_owned();
        let process = Process::new(server.id().ok_or("the server has ended")?);
        let before = process.resident_bytes()? >> 10;
        let mut sessions: Vec<Session> = Vec::new();
        while sessions.len() < count {
            let some = AT_ONCE.min(count - sessions.len());
            let url = format!("ws://{address}/ws/session");
            let opened = futures::future::join_all((0..some).map(|_| Session::connect(url.clone()))).await;
            for session in opened {
                sessions.push(session?);
            }
        }
        let (after, spent) = (process.resident_bytes()? >> 10, process.cpu_time()?);
        sleep(WATCH).await;
        let (later, busy) = (process.resident_bytes()? >> 10, process.cpu_time()? - spent);
        let busy = 100.0 * busy.as_secs_f64() / WATCH.as_secs_f64();
        let each = (later - before) as f64 / count as f64;
        println!(
            "{count} idle sessions: the server holds {before} kB without, {after} kB with them, {later} kB after"
        );
        println!("{WATCH:?}: {each:.1} kB a session; {busy:.2} % of one core");
        drop(sessions);
        Ok(())
    }
}

#[cfg(target_os = "linux")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tokio::task::LocalSet::new().run_until(idle::run()).await
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("what a process holds is read from /proc, which only Linux has");
}
