//! The queue against a plain list of bytes, written in odd portions.

use super::*;

/// Writes up to `portion` bytes a call into a list.
fn write(queue: &mut WriteQueue, to: &mut Vec<u8>, portion: usize) -> usize {
    let one = |to: &mut Vec<u8>, slice: &[u8]| {
        let n = slice.len().min(portion);
        to.extend_from_slice(&slice[..n]);
        Ok(n)
    };
    let many = |to: &mut Vec<u8>, slices: &[IoSlice<'_>]| {
        let mut left = portion;
        for slice in slices {
            let n = slice.len().min(left);
            to.extend_from_slice(&slice[..n]);
            left -= n;
        }
        Ok(portion - left)
    };
    queue.write(to, one, many).unwrap()
}

#[test]
fn whatever_the_pieces_and_portions_the_bytes_come_out_in_order() {
    let sizes = [1, 5, 1024, 1025, 3, 0, 40_000, 2, 2, 1000, 1000, 16_384, 7];
    for portion in [1, 3, 1000, 4096, usize::MAX / 2] {
        let (mut queue, mut expected, mut got) = (WriteQueue::default(), Vec::new(), Vec::new());
        for (n, size) in sizes.into_iter().cycle().take(60).enumerate() {
            let piece = vec![n as u8; size];
            expected.extend_from_slice(&piece);
            queue.push(Bytes::from(piece));
            if n % 7 == 0 && !queue.is_empty() {
                write(&mut queue, &mut got, portion);
            }
            assert_eq!(queue.len(), expected.len() - got.len());
        }
        while !queue.is_empty() {
            assert!(write(&mut queue, &mut got, portion) > 0);
        }
        assert_eq!(got, expected);
    }
}

#[test]
fn the_small_pieces_of_a_round_are_one_slice() {
    let mut queue = WriteQueue::default();
    for _ in 0..100 {
        queue.push(Bytes::from_static(b"a line of a chat\r\n"));
    }
    let more = queue.more.as_ref().expect("more than one piece");
    assert!(queue.first.is_empty() && more.pieces.is_empty(), "all are joined, the first too");
    assert_eq!(queue.len(), 1800);
}

#[test]
fn an_empty_queue_holds_no_buffers() {
    let mut queue = WriteQueue::default();
    queue.push(Bytes::from_static(b"one"));
    queue.push(Bytes::from_static(b"two"));
    write(&mut queue, &mut Vec::new(), usize::MAX / 2);
    assert_eq!(queue.len(), 0);
    assert!(queue.more.is_none() && queue.first.is_empty());
}
