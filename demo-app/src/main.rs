//! The page's entry.

fn main() {
    demo_app::run_page();
}
