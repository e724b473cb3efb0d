//! Several frames in one message, and frames gathered into messages.

use rejoin_protocol::wire::*;

use crate::samples::{batch, bytes, frames, read};

fn data(length: usize) -> Frame {
    Frame::Data(Data { binary: true, first: true, last: true, ack: None, payload: vec![5; length].into() })
}

fn messages(limit: usize, frames: &[Frame]) -> Vec<Vec<u8>> {
    let mut writer = BatchWriter::new(limit);
    for frame in frames {
        writer.push(frame);
    }
    writer.flush();
    let messages = std::iter::from_fn(|| writer.pop()).collect();
    assert!(writer.is_empty());
    messages
}

#[test]
fn a_small_message_costs_two_bytes_in_a_batch() {
    let message = messages(65_536, &[data(5), data(0), data(1)]);
    assert_eq!(message, [b"\x08\x06\x17\x05\x05\x05\x05\x05\x01\x17\x02\x17\x05"]);
}

#[test]
fn a_lone_frame_goes_bare() {
    for frame in frames(0) {
        assert_eq!(messages(65_536, std::slice::from_ref(&frame)), [bytes(&frame)]);
    }
}

#[test]
fn what_is_gathered_comes_out_in_order_and_greetings_stand_alone() {
    for turn in 0..8 {
        for limit in [1, 64, 500, 4_096, 65_536] {
            let frames = frames(turn);
            let messages = messages(limit, &frames);
            let mut came = Vec::new();
            for message in &messages {
                let part = read(message).unwrap();
                assert!(part.len() == 1 || message.len() <= limit);
                assert_eq!(part.len() == 1, message[0] != 0x08, "a batch of one is written bare");
                let last = part.len() - 1;
                for (index, frame) in part.iter().enumerate() {
                    let greeting = matches!(frame, Frame::Hello(_) | Frame::Welcome(_));
                    assert!(!greeting || part.len() == 1);
                    assert!(!matches!(frame, Frame::Bye(_)) || index == last, "nothing follows BYE");
                }
                came.extend(part);
            }
            assert_eq!(came, frames, "turn {turn}, limit {limit}");
        }
    }
}

#[test]
fn a_batch_is_cut_at_its_limit_to_the_byte() {
    // The batch's type, then twice a length and a DATA of three bytes.
    assert_eq!(messages(9, &[data(2), data(2)]).len(), 1);
    assert_eq!(messages(8, &[data(2), data(2)]).len(), 2);
    // Payloads large enough to be shared count too.
    assert_eq!(
        messages(2_007, &[data(1_000), data(1_000)]).iter().map(Vec::len).collect::<Vec<_>>(),
        [2_007]
    );
    assert_eq!(messages(2_006, &[data(1_000), data(1_000)]).len(), 2);
}

#[test]
fn a_frame_larger_than_the_limit_goes_alone() {
    let lengths: Vec<_> =
        messages(100, &[data(1), data(500), data(1), data(2)]).iter().map(Vec::len).collect();
    assert_eq!(lengths, [2, 501, 1 + 3 + 4]);
}

#[test]
fn a_full_batch_of_the_default_size_is_within_the_default_limits() {
    let frames = vec![data(0); 40_000];
    let messages = messages(BatchWriter::DEFAULT_LIMIT, &frames);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].len(), 65_535);
    let count: usize = messages.iter().map(|message| read(message).unwrap().len()).sum();
    assert_eq!(count, frames.len());
}

#[test]
fn a_message_is_allocated_at_its_size() {
    for message in messages(65_536, &[data(300), data(1), data(40_000), data(30_000), data(9)]) {
        assert_eq!(message.len(), message.capacity());
    }
}

#[test]
fn a_writer_gives_out_full_messages_before_it_is_flushed() {
    let mut writer = BatchWriter::new(100);
    writer.push(&data(60));
    assert_eq!(writer.pop(), None);
    assert_eq!(writer.gathered(), 62);
    writer.push(&data(60));
    assert_eq!(writer.pop(), Some(bytes(&data(60))));
    assert!(!writer.is_empty());
    writer.flush();
    assert_eq!(writer.pop(), Some(bytes(&data(60))));
    writer.flush();
    assert_eq!(writer.pop(), None);
    assert!(writer.is_empty());
}

#[test]
fn a_batch_of_one_is_read() {
    let frame = Frame::Cancel { id: 3 };
    assert_eq!(read(&batch(&[bytes(&frame)])), Ok(vec![frame]));
}

#[test]
fn what_may_not_stand_in_a_batch_is_refused() {
    let cancel = bytes(&Frame::Cancel { id: 3 });
    let error = |message: &[u8]| {
        let error = read(message).unwrap_err();
        (error.fault, error.at)
    };
    assert_eq!(error(&[0x08]), (Fault::EmptyBatch, 1));
    assert_eq!(error(&batch(&[cancel.clone(), vec![]])), (Fault::Empty, 5));
    let nested = batch(&[cancel.clone(), batch(std::slice::from_ref(&cancel))]);
    assert_eq!(error(&nested), (Fault::NotAlone(0x08), 5));
    for greeting in frames(0).iter().take(6) {
        let greeting = bytes(greeting);
        let (alone, place) = (greeting[0], if greeting.len() < 128 { 5 } else { 6 });
        assert_eq!(error(&batch(&[cancel.clone(), greeting])), (Fault::NotAlone(alone), place));
    }
}

#[test]
fn a_part_that_reaches_beyond_the_message_or_breaks_off_is_refused() {
    let whole = batch(&[bytes(&Frame::Cancel { id: 3 }), bytes(&Frame::Ack(Ack { released: 1, credit: 2 }))]);
    for length in 1..whole.len() {
        let short = read(&whole[..length]);
        // Behind its first part a batch may end.
        assert_eq!(short.is_ok(), length == 4, "{length}");
    }
    // A part whose length ends within its last field, though the message goes on.
    let error = read(&[0x08, 0x02, 0x07, 0x01, 0x02]).unwrap_err();
    assert_eq!((error.fault, error.field, error.at), (Fault::Truncated { needed: 1, left: 0 }, "credit", 4));
}

#[test]
fn after_an_error_nothing_more_is_read() {
    let cancel = bytes(&Frame::Cancel { id: 3 });
    let message = Body::from(batch(&[cancel.clone(), vec![0x99], cancel]));
    let limits = WireLimits::default();
    let mut frames = decode(&message, &limits);
    assert_eq!(frames.next(), Some(Ok(Frame::Cancel { id: 3 })));
    assert!(matches!(frames.next(), Some(Err(WireError { fault: Fault::UnknownType(0x99), at: 5, .. }))));
    assert_eq!(frames.next(), None);
    assert_eq!(frames.next(), None);
}
