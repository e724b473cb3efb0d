//! Publications that are stored for a reload of the page.

use rejoin_protocol::Time;
use rejoin_protocol::session::{ClientConfig, ClientSession};
use rejoin_protocol::wire::{Body, Frame, Publish};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

#[test]
fn a_server_may_forget_an_outcome_once_its_publication_is_out_of_the_store() {
    let mut pair = Pair::new();
    let mut config = ClientConfig::default();
    config.persistent = true;
    pair.client = ClientSession::new(config);
    pair.connect();
    pair.run();
    let publish = |pair: &mut Pair| {
        let (publication, _) = pair.client.publish("room", Body::from("x"), 1).unwrap();
        assert!(!pair.client.wants_to_transmit(NOW), "it is not stored");
        pair.client.stored(publication);
    };
    publish(&mut pair);
    pair.run();
    assert_eq!(pair.settled.len(), 1);
    publish(&mut pair);
    let Some(Frame::Pub(Publish { number, settled, .. })) = pair.client.poll_transmit(NOW) else {
        panic!("it is stored")
    };
    assert_eq!((number, settled), (1, 0), "the first is still in the store");
    pair.client.forgotten("room", 1);
    publish(&mut pair);
    let Some(Frame::Pub(Publish { number, settled, .. })) = pair.client.poll_transmit(NOW) else {
        panic!("it is stored")
    };
    assert_eq!((number, settled), (2, 1));
}
