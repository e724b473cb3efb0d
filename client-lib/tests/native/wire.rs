//! A wire between client and server: relays bytes, and is cut, or leads elsewhere, on demand.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::spawn_local;

#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    control: Rc<Control>,
}

struct Control {
    /// Where connections lead; without it they end at once.
    target: Cell<Option<SocketAddr>>,
    cut: Notify,
    /// After how many bytes each of the next connections is cut.
    budgets: RefCell<Vec<usize>>,
    connections: Cell<usize>,
    /// Whether bytes stay where they are, and whom to tell when they go on.
    frozen: Cell<bool>,
    thawed: Notify,
}

/// The connection is to end without a word.
struct Cut;

impl Wire {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let control = Rc::new(Control {
            target: Cell::new(Some(target)),
            cut: Notify::new(),
            budgets: RefCell::default(),
            connections: Cell::new(0),
            frozen: Cell::new(false),
            thawed: Notify::new(),
        });
        let of_task = control.clone();
        spawn_local(async move {
            while let Ok((client, _)) = listener.accept().await {
                spawn_local(relay(client, of_task.clone()));
            }
        });
        Self { address, control }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// Cuts every connection, without a close frame.
    pub(crate) fn cut(&self) {
        self.control.cut.notify_waiters();
    }

    /// Lets nothing pass, while both ends believe the connection open.
    pub(crate) fn freeze(&self) {
        self.control.frozen.set(true);
    }

    /// Lets everything pass again.
    pub(crate) fn thaw(&self) {
        self.control.frozen.set(false);
        self.control.thawed.notify_waiters();
    }

    /// Leads new connections elsewhere, or nowhere.
    pub(crate) fn lead(&self, target: Option<SocketAddr>) {
        self.control.target.set(target);
    }

    /// Cuts the next connections after so many bytes each, the first of the list first.
    pub(crate) fn cut_after(&self, bytes: impl DoubleEndedIterator<Item = usize>) {
        self.control.budgets.replace(bytes.rev().collect());
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.control.connections.get()
    }
}

async fn relay(client: TcpStream, control: Rc<Control>) {
    let cut = control.cut.notified();
    let Some(target) = control.target.get() else { return };
    let Ok(server) = TcpStream::connect(target).await else { return };
    control.connections.set(control.connections.get() + 1);
    let left = Cell::new(control.budgets.borrow_mut().pop().unwrap_or(usize::MAX));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let both = async {
        // Either way goes on when the other has come to its end.
        let _cut = tokio::try_join!(
            copy(from_client, to_server, &left, &control),
            copy(from_server, to_client, &left, &control)
        );
    };
    tokio::select! {
        () = both => {}
        () = cut => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    left: &Cell<usize>,
    control: &Control,
) -> Result<(), Cut> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let bytes = from.read(&mut buffer).await.map_err(|_| Cut)?;
        loop {
            let thawed = control.thawed.notified();
            if !control.frozen.get() {
                break;
            }
            thawed.await;
        }
        let passes = bytes.min(left.get());
        left.set(left.get() - passes);
        to.write_all(&buffer[..passes]).await.map_err(|_| Cut)?;
        if passes < bytes {
            return Err(Cut);
        }
        if bytes == 0 {
            return to.shutdown().await.map_err(|_| Cut);
        }
    }
}
