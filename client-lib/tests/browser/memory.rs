//! The kind of memory that the tests run with.

use js_sys::{Reflect, SharedArrayBuffer, WebAssembly};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn the_memory_is_shared_where_it_was_asked_for_and_nowhere_else() {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    // A page that is not isolated does not even have the name.
    let shares = Reflect::has(&js_sys::global(), &"SharedArrayBuffer".into()).unwrap()
        && memory.buffer().is_instance_of::<SharedArrayBuffer>();
    assert_eq!(shares, option_env!("REJOIN_TEST_SHARED_MEMORY").is_some());
}
