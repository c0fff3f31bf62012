//! The names of accounts that are erased.

use std::fmt::Write as _;

use aws_lc_rs::digest;

/// What takes the place of a user name's key once its account is erased: enough to tell that the name was given
/// out, and not to read it. `secret` is 32 random bytes of the store, without which names cannot be tried out.
///
/// Nobody's name looks like this: names hold no space.
#[must_use]
pub fn erased_key(secret: &[u8; 32], key: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(secret);
    context.update(key.as_bytes());
    let mut text = "erased ".to_owned();
    for byte in context.finish().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erased_name_is_compared_and_not_read() {
        let one = erased_key(&[1; 32], "anna");
        assert_eq!(one, erased_key(&[1; 32], "anna"));
        assert!(one.starts_with("erased ") && one.len() == 7 + 64 && !one.contains("anna"));
        assert_ne!(one, erased_key(&[1; 32], "annb"));
        assert_ne!(one, erased_key(&[2; 32], "anna"));
    }
}
