//! The page of the tests of delivery: a participant that a driver commands by `window.participant(ORDER)`, in JSON.

#[cfg(target_arch = "wasm32")]
fn main() -> Result<(), wasm_bindgen::JsValue> {
    use js_sys::{Error, Reflect, global};
    use participant::Participant;
    use wasm_bindgen::JsValue;
    use wasm_bindgen::closure::Closure;

    fn wrong(error: impl std::fmt::Display) -> JsValue {
        Error::new(&error.to_string()).into()
    }
    let host = Reflect::get(&Reflect::get(&global(), &"location".into())?, &"host".into())?;
    let host = host.as_string().ok_or_else(|| wrong("the page has no address"))?;
    let spawn = wasm_bindgen_futures::spawn_local;
    let participant = Participant::start(&format!("ws://{host}/ws/session"), spawn).map_err(wrong)?;
    let answer = move |order: String| participant.answer(&order).map_err(wrong);
    let answer = Closure::<dyn Fn(String) -> Result<String, JsValue>>::new(answer);
    Reflect::set(&global(), &"participant".into(), &answer.into_js_value())?;
    Ok(())
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
