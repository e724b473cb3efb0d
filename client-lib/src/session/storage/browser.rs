//! What keeping needs of the browser: storage, database, locks (WHATWG HTML; W3C IndexedDB 3.0; W3C Web Locks).

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

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

    #[wasm_bindgen(method, getter)]
    fn navigator(this: &Global) -> Navigator;

    pub(super) type Storage;

    #[wasm_bindgen(method, js_name = getItem)]
    pub(super) fn get_item(this: &Storage, key: &str) -> Option<String>;

    #[wasm_bindgen(catch, method, js_name = setItem)]
    pub(super) fn set_item(this: &Storage, key: &str, value: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, js_name = removeItem)]
    pub(super) fn remove_item(this: &Storage, key: &str);

    type Navigator;

    /// Missing outside secure contexts.
    #[wasm_bindgen(method, getter)]
    fn locks(this: &Navigator) -> Option<Locks>;

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

/// Opens a database, making the stores that it lacks.
pub(super) async fn open_database(name: &str, stores: &'static [&'static str]) -> Result<Database, JsValue> {
    let factory = GLOBAL.with(Global::indexed_db)?.ok_or(JsValue::UNDEFINED)?;
    let request = factory.open(name, 1)?;
    let database = request.clone().unchecked_into::<Request>();
    // Fires before `onsuccess`, if at all; the closure goes with the end of this function.
    let upgrade = Closure::<dyn Fn()>::new(move || {
        let database: Database = database.result().unchecked_into();
        for store in stores {
            let made = database.create_object_store(store);
            debug_assert!(made.is_ok(), "a new database has no stores");
        }
    });
    request.set_onupgradeneeded(upgrade.as_ref().unchecked_ref());
    done(&request).await?;
    Ok(request.result().unchecked_into())
}

/// Begins to read or write the stores; what is written is on the disk when it is complete.
pub(super) fn begin(database: &Database, stores: &[&str], mode: &str) -> Result<Transaction, JsValue> {
    let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"durability".into(), &"strict".into())?;
    database.transaction(&names, mode, &options)
}

/// Waits for the answer to a request.
pub(super) async fn done(request: &Request) -> Result<(), JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(&resolve);
        request.set_onerror(&reject);
    });
    JsFuture::from(promise).await.map(drop)
}

/// The promise of a transaction's end. To be made before anything else can run.
pub(super) fn completion(transaction: &Transaction) -> Promise {
    Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(&resolve);
        transaction.set_onabort(&reject);
    })
}

/// A lock that is held until it is dropped.
pub(super) struct Lock {
    release: Function,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let released = self.release.call0(&JsValue::UNDEFINED);
        debug_assert!(released.is_ok(), "resolving a promise never throws");
    }
}

/// Takes a lock if nobody holds it; `None` if somebody does, or there are no locks here.
pub(super) async fn lock(name: &str) -> Result<Option<Lock>, JsValue> {
    let Some(locks) = GLOBAL.with(|global| global.navigator().locks()) else { return Ok(None) };
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let Some(release) = release else { return Ok(None) };
    let lock = Lock { release };
    let mut granted = None;
    let answer = Promise::new(&mut |resolve, _| granted = Some(resolve));
    let Some(granted) = granted else { return Ok(None) };
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let told = granted.call1(&JsValue::UNDEFINED, &JsValue::from_bool(!lock.is_null()));
        debug_assert!(told.is_ok(), "resolving a promise never throws");
        // What is returned is waited for: the lock is held until then.
        if lock.is_null() { JsValue::UNDEFINED } else { held.into() }
    });
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE)?;
    // Its promise ends with the lock, which ends with what `request` was given to wait for.
    let _held = locks.request(name, &options, callback.unchecked_ref())?;
    let granted = JsFuture::from(answer).await?;
    Ok(granted.is_truthy().then_some(lock))
}
