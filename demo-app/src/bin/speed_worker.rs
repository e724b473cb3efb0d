//! The speed test's worker: its entry.

fn main() {
    demo_app::run_speed_worker();
}
