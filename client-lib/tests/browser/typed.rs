//! Typed messages: each codec there and back, and what can't be read.

use futures::{SinkExt, StreamExt};
use rejoin::{
    BinaryType, Builder, CodecError, Endpoint, Json, MsgPack, OpenError, Postcard, SendError, Typed,
    TypedSendError, TypedSocket,
};
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, within};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    Dish { table: u32, name: String, spicy: Option<bool> },
    Bill(Vec<u8>),
    Done,
}

fn orders() -> [Order; 4] {
    [
        Order::Dish { table: 4, name: "süß 🦀".into(), spicy: None },
        Order::Dish { table: u32::MAX, name: String::new(), spicy: Some(true) },
        Order::Bill(vec![0, 127, 128, 255]),
        Order::Done,
    ]
}

macro_rules! round_trip {
    ($($name:ident: $codec:ty, text: $text:expr;)*) => {$(
        #[wasm_bindgen_test]
        async fn $name() {
            let place = Place::new();
            let socket = place.connect("/echo").await;
            let mut typed: Typed<Order, Order, $codec> = socket.into_typed();
            for order in &orders() {
                typed.send(order).await.unwrap();
                assert_eq!(within(typed.next()).await.unwrap().unwrap(), *order);
            }
            let sender = typed.sender();
            sender.try_send(&Order::Done).unwrap();
            assert_eq!(within(typed.next()).await.unwrap().unwrap(), Order::Done);
            SinkExt::feed(&mut typed, Order::Done).await.unwrap();
            within(SinkExt::flush(&mut typed)).await.unwrap();
            let mut socket = typed.into_socket();
            assert_eq!(within(socket.next()).await.unwrap().is_text(), $text);
        }
    )*};
}

round_trip! {
    json_there_and_back: Json, text: true;
    message_pack_there_and_back: MsgPack, text: false;
    postcard_there_and_back: Postcard, text: false;
}

#[wasm_bindgen_test]
async fn a_message_that_cannot_be_read_is_an_item_with_its_payload_and_the_stream_goes_on() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    let mut typed: Typed<Order, Order, Json> = socket.into_typed();
    rejoin::Handle::try_send(&typed, r#"{"Dish":{"table":"four"}}"#).unwrap();
    rejoin::Handle::try_send(&typed, "not JSON").unwrap();
    rejoin::Handle::try_send(&typed, &[1u8, 2][..]).unwrap();
    typed.try_send(&Order::Done).unwrap();
    let odd = within(typed.next()).await.unwrap().unwrap_err();
    assert_eq!(odd.raw.to_text().unwrap(), r#"{"Dish":{"table":"four"}}"#);
    let odd = within(typed.next()).await.unwrap().unwrap_err();
    assert_eq!(odd.raw.to_text().unwrap(), "not JSON");
    let odd = within(typed.next()).await.unwrap().unwrap_err();
    assert!(matches!(odd.error, CodecError::WrongKind { .. }), "{}", odd.error);
    assert_eq!(odd.raw.to_vec().unwrap(), [1, 2]);
    assert_eq!(within(typed.next()).await.unwrap().unwrap(), Order::Done);
}

#[wasm_bindgen_test]
async fn a_blob_is_an_undecodable_item() {
    let place = Place::new();
    let socket = within(place.builder("/echo").binary_type(BinaryType::Blob).connect()).await.unwrap();
    let mut typed: Typed<Order, Order, Postcard> = socket.into_typed();
    typed.send(&Order::Done).await.unwrap();
    let odd = within(typed.next()).await.unwrap().unwrap_err();
    assert!(odd.raw.is_blob() && matches!(odd.error, CodecError::WrongKind { got: "Blob", .. }));
}

#[wasm_bindgen_test]
async fn a_value_for_a_closed_connection_is_a_typed_error() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    within(socket.close(rejoin::Close::normal())).await;
    let mut typed: Typed<Order, Order, Json> = socket.into_typed();
    assert_eq!(typed.send(&Order::Done).await, Err(TypedSendError::Send(SendError::Closed)));
    assert!(within(typed.next()).await.is_none());
}

struct Kitchen;

impl Endpoint for Kitchen {
    type ToServer = Order;
    type ToClient = Order;
    type Codec = Json;
    const PATH: &'static str = "/echo";
    const SUBPROTOCOL: Option<&'static str> = Some("kitchen.v1");
}

struct Unheard;

impl Endpoint for Unheard {
    type ToServer = Order;
    type ToClient = Order;
    type Codec = Json;
    const PATH: &'static str = "/pick?name=";
    const SUBPROTOCOL: Option<&'static str> = Some("kitchen.v1");
}

fn base(place: &Place) -> String {
    let url = place.url("/");
    url[..url.rfind('/').unwrap()].to_owned()
}

#[wasm_bindgen_test]
async fn an_endpoint_names_path_subprotocol_codec_and_types_once() {
    let place = Place::new();
    let socket = within(Builder::endpoint::<Kitchen>(&base(&place)).connect()).await.unwrap();
    assert_eq!(socket.protocol(), "kitchen.v1");
    assert!(socket.url().ends_with("/echo"));
    let mut kitchen: TypedSocket<Kitchen> = socket.into_endpoint::<Kitchen>();
    kitchen.send(&Order::Done).await.unwrap();
    assert_eq!(within(kitchen.next()).await.unwrap().unwrap(), Order::Done);
}

#[wasm_bindgen_test]
async fn an_endpoint_whose_subprotocol_is_not_agreed_is_refused() {
    let place = Place::new();
    match within(Builder::endpoint::<Unheard>(&base(&place)).connect()).await {
        Err(OpenError::Failed(closed)) => assert!(!closed.was_open),
        Err(other) => panic!("{other}"),
        Ok(socket) => panic!("{:?} {:?}", socket.state(), socket.protocol()),
    }
}
