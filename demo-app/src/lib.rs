//! The rejoin demo: a chat and a speed test in the browser, and the worker that measures.

mod app;
mod browser;
mod chat;
mod figures;
mod held;
mod identity;
mod lab;
mod link;
mod link_log;
mod local_time;
mod navigation;
mod route;
mod server_address;
mod session;
mod speed;
mod storage;
mod ui;
mod wire;
mod words;

/// A third of the default allocator's code, for page and worker.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Starts the page in the element with the id `app`. Call it once, in a window.
pub fn run_page() {
    match browser::document().get_element_by_id("app") {
        Some(root) => drop(yew::Renderer::<app::App>::with_root(root).render()),
        None => browser::warn(
            "rejoin has no place to start",
            &"index.html needs an element with the id app".into(),
        ),
    }
}

/// Starts the speed test's worker. Call it once, in a dedicated worker.
pub fn run_speed_worker() {
    speed::worker::run();
}
