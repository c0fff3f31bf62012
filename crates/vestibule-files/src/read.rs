//! Reading a content piece by piece.

use std::{collections::VecDeque, ops::Range};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use vestibule_site::file::{Blob, BlobKey};

use crate::{BlobError, Blobs};

/// The most bytes of one piece.
const PIECE: u64 = 512 * 1024;

/// The bytes of `range` of the content that consists of `content`.
pub(crate) fn pieces(
    blobs: Blobs,
    content: Vec<Blob>,
    range: Range<u64>,
) -> BoxStream<'static, Result<Bytes, BlobError>> {
    let left = cut(&content, range);
    let pieces = stream::try_unfold((blobs, left), |(blobs, mut left)| async move {
        let Some((key, range)) = left.pop_front() else {
            return Ok(None);
        };
        let end = range.end.min(range.start.saturating_add(PIECE));
        if end < range.end {
            left.push_front((key, end..range.end));
        }
        let bytes = blobs.read_piece(key, range.start..end).await?;
        Ok(Some((bytes, (blobs, left))))
    });
    pieces.boxed()
}

/// Which bytes of which blobs those of `range` are.
fn cut(content: &[Blob], range: Range<u64>) -> VecDeque<(BlobKey, Range<u64>)> {
    let mut before = 0_u64;
    let mut left = VecDeque::new();
    for blob in content {
        let start = range.start.saturating_sub(before);
        let end = range.end.saturating_sub(before).min(blob.size);
        if start < end {
            left.push_back((blob.key, start..end));
        }
        before = before.saturating_add(blob.size);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_where_the_blobs_are() {
        let blob = |number: u8, size| Blob {
            key: BlobKey::from_bytes([number; 16]),
            size,
            digest: [0; 32],
        };
        let content = [blob(1, 10), blob(2, 1), blob(3, 10)];
        let cut = |range| {
            let cut = cut(&content, range).into_iter();
            cut.map(|(key, range)| (key.as_bytes()[0], range)).collect::<Vec<_>>()
        };
        assert_eq!(cut(0..21), [(1, 0..10), (2, 0..1), (3, 0..10)]);
        assert_eq!(cut(9..12), [(1, 9..10), (2, 0..1), (3, 0..1)]);
        assert_eq!(cut(10..11), [(2, 0..1)]);
        assert_eq!(cut(15..17), [(3, 4..6)]);
        assert_eq!(cut(20..100), [(3, 9..10)]);
        assert_eq!(cut(5..5), []);
        assert_eq!(cut(21..30), []);
    }
}
