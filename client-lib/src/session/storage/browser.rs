//! What keeping needs of the browser: storage, database, locks (WHATWG HTML; W3C IndexedDB 3.0; W3C Web Locks).

use std::time::Duration;

use js_sys::{Array, Function, Promise, Reflect};
use rejoin_protocol::Time;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::global::set_timeout;
use crate::timer::now;
use crate::transport::describe;

/// How long the browser may take to open what is kept, all steps together, and for each write later.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Whether a wait failed because its time was over, and not by what the browser said.
pub(super) fn is_no_answer(error: &JsValue) -> bool {
    error.is_undefined()
}

/// What a failed wait says of itself, in the browser's words: of an event, those of the error that it is about.
pub(super) fn reason(error: &JsValue) -> String {
    let property = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok();
    let told = property(error, "target").and_then(|target| property(&target, "error"));
    describe(told.filter(JsValue::is_object).as_ref().unwrap_or(error))
}

#[wasm_bindgen]
extern "C" {
    /// The window or the worker. What it does not have is `None`.
    pub(super) type Global;

    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: Global;

    /// Throws where the page may store nothing.
    #[wasm_bindgen(catch, method, getter, js_name = sessionStorage)]
    fn session_storage(this: &Global) -> Result<Option<Storage>, JsValue>;

    #[wasm_bindgen(catch, method, getter, js_name = indexedDB)]
    fn indexed_db(this: &Global) -> Result<Option<Factory>, JsValue>;

    /// Missing in some runtimes that are no browsers.
    #[wasm_bindgen(method, getter)]
    fn navigator(this: &Global) -> Option<Navigator>;

    pub(super) type Storage;

    /// Throws, as the two below do, where the user has forbidden storage since the page began.
    #[wasm_bindgen(catch, method, js_name = getItem)]
    pub(super) fn get_item(this: &Storage, key: &str) -> Result<Option<String>, JsValue>;

    #[wasm_bindgen(catch, method, js_name = setItem)]
    pub(super) fn set_item(this: &Storage, key: &str, value: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, method, js_name = removeItem)]
    pub(super) fn remove_item(this: &Storage, key: &str) -> Result<(), JsValue>;

    type Navigator;

    /// Missing outside secure contexts, and in browsers older than it.
    #[wasm_bindgen(catch, method, getter)]
    fn locks(this: &Navigator) -> Result<Option<Locks>, JsValue>;

    type Locks;

    #[wasm_bindgen(catch, method)]
    fn request(this: &Locks, name: &str, options: &JsValue, callback: &Function) -> Result<Promise, JsValue>;

    type Factory;

    #[wasm_bindgen(catch, method)]
    fn open(this: &Factory, name: &str, version: u32) -> Result<Request, JsValue>;

    #[derive(Clone)]
    pub(super) type Database;

    #[wasm_bindgen(catch, method, js_name = createObjectStore)]
    fn create_object_store(this: &Database, name: &str) -> Result<Store, JsValue>;

    #[wasm_bindgen(catch, method)]
    fn transaction(
        this: &Database,
        stores: &JsValue,
        mode: &str,
        options: &JsValue,
    ) -> Result<Transaction, JsValue>;

    /// Lets others delete or upgrade the database.
    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Database);

    #[derive(Clone)]
    pub(super) type Transaction;

    #[wasm_bindgen(catch, method, js_name = objectStore)]
    pub(super) fn object_store(this: &Transaction, name: &str) -> Result<Store, JsValue>;

    /// Throws where the browser is older than the method, and then commits by itself.
    #[wasm_bindgen(catch, method)]
    pub(super) fn commit(this: &Transaction) -> Result<(), JsValue>;

    #[wasm_bindgen(method, setter, js_name = oncomplete)]
    fn set_oncomplete(this: &Transaction, handler: &Function);

    #[wasm_bindgen(method, setter, js_name = onabort)]
    fn set_onabort(this: &Transaction, handler: &Function);

    pub(super) type Store;

    #[wasm_bindgen(catch, method)]
    pub(super) fn put(this: &Store, value: &JsValue, key: &str) -> Result<Request, JsValue>;

    #[wasm_bindgen(catch, method)]
    pub(super) fn delete(this: &Store, key: &str) -> Result<Request, JsValue>;

    #[wasm_bindgen(catch, method, js_name = getAll)]
    pub(super) fn get_all(this: &Store) -> Result<Request, JsValue>;

    #[wasm_bindgen(catch, method, js_name = getAllKeys)]
    pub(super) fn get_all_keys(this: &Store) -> Result<Request, JsValue>;

    pub(super) type Request;

    #[wasm_bindgen(method, getter)]
    pub(super) fn result(this: &Request) -> JsValue;

    #[wasm_bindgen(method, setter, js_name = onsuccess)]
    fn set_onsuccess(this: &Request, handler: &Function);

    #[wasm_bindgen(method, setter, js_name = onerror)]
    fn set_onerror(this: &Request, handler: &Function);

    #[wasm_bindgen(method, setter, js_name = onupgradeneeded)]
    fn set_onupgradeneeded(this: &Request, handler: &Function);
}

/// The tab's own storage, which a duplicated tab gets a copy of.
pub(super) fn session_storage() -> Option<Storage> {
    GLOBAL.with(|global| global.session_storage().ok().flatten())
}

/// When a wait for the browser is given up.
#[derive(Clone, Copy)]
pub(super) struct Deadline(Time);

impl Deadline {
    /// [`ANSWER_WITHIN`] from now.
    pub(super) fn new() -> Self {
        Self(now() + ANSWER_WITHIN)
    }

    /// Waits until `settle` has called one of its functions, which resolve and reject. A later call does nothing.
    fn wait(self, settle: impl FnOnce(&Function, &Function)) -> Promise {
        let mut settle = Some(settle);
        Promise::new(&mut |resolve, reject| {
            if let Some(settle) = settle.take() {
                settle(&resolve, &reject);
            }
            // Two timers of half the time each: after a sleep the first is overdue and comes before an answer that is there.
            // Called without a reason, which no browser's error is.
            let half = self.0.since(now()).as_secs_f64() * 500.0;
            let second = Closure::once_into_js(move || set_timeout(&reject, half));
            set_timeout(second.unchecked_ref(), half);
        })
    }
}

/// Opens a database, making the stores that it lacks.
pub(super) async fn open_database(
    name: &str,
    stores: &'static [&'static str],
    deadline: Deadline,
) -> Result<Database, JsValue> {
    let factory = GLOBAL.with(Global::indexed_db)?.ok_or_else(|| JsValue::from("there is no IndexedDB"))?;
    let request = factory.open(name, 1)?;
    let database = request.clone().unchecked_into::<Request>();
    // Fires before `onsuccess`, if at all.
    let upgrade = Closure::<dyn Fn()>::new(move || {
        let database: Database = database.result().unchecked_into();
        for store in stores {
            let made = database.create_object_store(store);
            debug_assert!(made.is_ok(), "a new database has no stores");
        }
    });
    request.set_onupgradeneeded(upgrade.as_ref().unchecked_ref());
    if let Err(error) = done(&request, deadline).await {
        // It may still answer: then the database must not be left without its stores, nor open, where it would keep
        // others from deleting it.
        upgrade.forget();
        let late = request.clone().unchecked_into::<Request>();
        let close = Closure::once_into_js(move || late.result().unchecked_into::<Database>().close());
        request.set_onsuccess(close.unchecked_ref());
        return Err(error);
    }
    Ok(request.result().unchecked_into())
}

/// Begins to read or write the stores; what is written is on the disk when it is complete.
pub(super) fn begin(database: &Database, stores: &[&str], mode: &str) -> Result<Transaction, JsValue> {
    let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
    let options = js_sys::Object::new();
    Reflect::set(&options, &"durability".into(), &"strict".into())?;
    database.transaction(&names, mode, &options)
}

/// Waits for the answer to a request.
pub(super) async fn done(request: &Request, deadline: Deadline) -> Result<(), JsValue> {
    let answer = deadline.wait(|resolve, reject| {
        request.set_onsuccess(resolve);
        request.set_onerror(reject);
    });
    JsFuture::from(answer).await.map(drop)
}

/// The promise of a transaction's end. To be made before anything else can run.
pub(super) fn completion(transaction: &Transaction) -> Promise {
    Deadline::new().wait(|resolve, reject| {
        transaction.set_oncomplete(resolve);
        transaction.set_onabort(reject);
    })
}

/// A lock that is held until it is dropped. One that is granted later than that is given back at once.
pub(super) struct Lock {
    release: Function,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let released = self.release.call0(&JsValue::UNDEFINED);
        debug_assert!(released.is_ok(), "resolving a promise never throws");
    }
}

/// Takes a lock if no page holds it; `None` if one does.
pub(super) async fn lock(name: &str, deadline: Deadline) -> Result<Option<Lock>, JsValue> {
    let locks = match GLOBAL.with(Global::navigator) {
        Some(navigator) => navigator.locks()?,
        None => None,
    };
    let locks =
        locks.ok_or_else(|| JsValue::from("there are no Web Locks, as outside of secure contexts"))?;
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let lock = Lock { release: release.ok_or(JsValue::UNDEFINED)? };
    let mut requested = Err(JsValue::UNDEFINED);
    let answer = deadline.wait(|granted, _| {
        let granted = granted.clone();
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let told = granted.call1(&JsValue::UNDEFINED, &JsValue::from_bool(!lock.is_null()));
            debug_assert!(told.is_ok(), "resolving a promise never throws");
            // What is returned is waited for: the lock is held until then.
            if lock.is_null() { JsValue::UNDEFINED } else { held.into() }
        });
        let options = js_sys::Object::new();
        requested = Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE)
            .and_then(|_| locks.request(name, &options, callback.unchecked_ref()));
    });
    let requested = requested?;
    // The request's own promise ends with the lock, or at once where the page may use none.
    let first = Promise::race(&Array::of2(&answer, &requested));
    Ok(JsFuture::from(first).await?.is_truthy().then_some(lock))
}
