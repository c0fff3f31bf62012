//! scrypt's mixing (RFC 7914 sections 3 to 5) in memory that the caller owns.
//!
//! The crate for it takes its memory anew for every hash, tens of MiB each, which is what a
//! [`PasswordHasher`](super::PasswordHasher) is there to avoid. The rest of scrypt is PBKDF2.

use argon2::Block;
use zeroize::Zeroizing;

/// 64 bytes, as Salsa20 sees them.
type Cell = [u32; 16];

const CELL_BYTES: usize = 64;
const CELLS_PER_BLOCK: usize = 1024 / CELL_BYTES;
const WORDS_PER_CELL: usize = CELL_BYTES / 8;

/// Mixes each part of 128 times `r` bytes. `blocks` has room for `n` parts.
pub(super) fn mix(bytes: &mut [u8], n: u32, r: u32, blocks: &mut [Block]) -> Option<()> {
    let cells = 2 * usize::try_from(r).ok()?;
    for part in bytes.chunks_exact_mut(cells * CELL_BYTES) {
        let mut mixed = Zeroizing::new(Vec::with_capacity(cells));
        mixed.extend(part.as_chunks::<CELL_BYTES>().0.iter().map(cell_of));
        mix_part(&mut mixed, n, blocks)?;
        for (bytes, cell) in part.as_chunks_mut::<CELL_BYTES>().0.iter_mut().zip(mixed.iter()) {
            for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(cell) {
                *bytes = word.to_le_bytes();
            }
        }
    }
    Some(())
}

fn cell_of(bytes: &[u8; CELL_BYTES]) -> Cell {
    let mut cell = [0; 16];
    for (word, bytes) in cell.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    cell
}

/// `scryptROMix`.
fn mix_part(part: &mut Vec<Cell>, n: u32, blocks: &mut [Block]) -> Option<()> {
    let mut other = Zeroizing::new(part.clone());
    let cells = part.len();
    let n = usize::try_from(n).ok()?;
    for entry in 0..n {
        for (index, cell) in part.iter().enumerate() {
            write(blocks, entry * cells + index, cell)?;
        }
        mix_cells(part, &mut other)?;
        std::mem::swap(part, &mut other);
    }
    for _ in 0..n {
        // N is a power of two, so the low bits are the remainder.
        let entry = usize::try_from(*part.last()?.first()?).ok()? & (n - 1);
        for (index, cell) in part.iter_mut().enumerate() {
            add(blocks, entry * cells + index, cell)?;
        }
        mix_cells(part, &mut other)?;
        std::mem::swap(part, &mut other);
    }
    Some(())
}

/// `scryptBlockMix`: the even cells to the front, the odd ones behind them.
fn mix_cells(from: &[Cell], to: &mut [Cell]) -> Option<()> {
    let mut mixed = *from.last()?;
    let (even, odd) = to.split_at_mut_checked(from.len() / 2)?;
    let targets = even.iter_mut().zip(odd);
    for (pair, (even, odd)) in from.as_chunks::<2>().0.iter().zip(targets) {
        for (cell, target) in pair.iter().zip([even, odd]) {
            for (word, other) in mixed.iter_mut().zip(cell) {
                *word ^= other;
            }
            salsa20_8(&mut mixed);
            *target = mixed;
        }
    }
    Some(())
}

/// The Salsa20/8 core.
fn salsa20_8(cell: &mut Cell) {
    let before = *cell;
    for _ in 0..4 {
        // Columns, then rows.
        for [a, b, c, d] in [[0, 4, 8, 12], [5, 9, 13, 1], [10, 14, 2, 6], [15, 3, 7, 11]] {
            quarter(cell, a, b, c, d);
        }
        for [a, b, c, d] in [[0, 1, 2, 3], [5, 6, 7, 4], [10, 11, 8, 9], [15, 12, 13, 14]] {
            quarter(cell, a, b, c, d);
        }
    }
    for (word, before) in cell.iter_mut().zip(before) {
        *word = word.wrapping_add(before);
    }
}

#[inline]
#[expect(clippy::indexing_slicing, reason = "the places are constants below sixteen")]
fn quarter(cell: &mut Cell, a: usize, b: usize, c: usize, d: usize) {
    cell[b] ^= cell[a].wrapping_add(cell[d]).rotate_left(7);
    cell[c] ^= cell[b].wrapping_add(cell[a]).rotate_left(9);
    cell[d] ^= cell[c].wrapping_add(cell[b]).rotate_left(13);
    cell[a] ^= cell[d].wrapping_add(cell[c]).rotate_left(18);
}

fn write(blocks: &mut [Block], place: usize, cell: &Cell) -> Option<()> {
    for (word, [low, high]) in words(blocks, place)?.iter_mut().zip(cell.as_chunks::<2>().0) {
        *word = u64::from(*low) | u64::from(*high) << 32;
    }
    Some(())
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a word are what is wanted")]
fn add(blocks: &mut [Block], place: usize, cell: &mut Cell) -> Option<()> {
    let halves = cell.as_chunks_mut::<2>().0;
    for (word, [low, high]) in words(blocks, place)?.iter().zip(halves) {
        *low ^= *word as u32;
        *high ^= (*word >> 32) as u32;
    }
    Some(())
}

/// Where the cell at `place` lies.
fn words(blocks: &mut [Block], place: usize) -> Option<&mut [u64]> {
    let block = blocks.get_mut(place / CELLS_PER_BLOCK)?.as_mut();
    block.get_mut(place % CELLS_PER_BLOCK * WORDS_PER_CELL..)?.get_mut(..WORDS_PER_CELL)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7914 section 8.
    #[test]
    fn salsa20_8_is_the_standards() {
        let hex = |text: &str| -> Cell {
            let bytes: Vec<u8> = (0..64)
                .map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap())
                .collect();
            cell_of(bytes.as_slice().try_into().unwrap())
        };
        let mut cell = hex(
            "7e879a214f3ec9867ca940e641718f26baee555b8c61c1b50df846116dcd3b1dee24f319df9b3d8514121e4b5ac5aa32\
             76021d2909c74829edebc68db8b8c25e",
        );
        salsa20_8(&mut cell);
        let expected = hex(
            "a41f859c6608cc993b81cacb020cef05044b2181a2fd337dfd7b1c6396682f29b4393168e3c9e6bcfe6bc5b7a06d96ba\
             e424cc102c91745c24ad673dc7618f81",
        );
        assert_eq!(cell, expected);
    }
}
