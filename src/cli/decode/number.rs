//! Reading a pte value as a person writes it: `0x8000_0000_0000_0025`, `0b100`, `4`.

/// A value, and whether it was written in decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The value.
    pub value: u64,
    /// Written without a prefix.
    pub decimal: bool,
}

/// Reads a pte value.
///
/// # Errors
///
/// What was found, and what was expected.
pub fn parse(text: &str) -> Result<Number, String> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        _ => (10, text),
    };
    let shown = shown(text);
    if digits.chars().all(|c| c == '_') {
        return Err(format!("`{shown}`: found no digits, expected a pte value such as 0x4, 0b100 or 4"));
    }
    let mut value: u64 = 0;
    for c in digits.chars().filter(|c| *c != '_') {
        let Some(digit) = c.to_digit(radix) else {
            return Err(wrong_digit(text, &shown, c, radix));
        };
        value = match value.checked_mul(radix as u64).and_then(|v| v.checked_add(digit as u64)) {
            Some(next) => next,
            None => return Err(format!("`{shown}`: found more than 64 bits, expected at most {:#x}", u64::MAX)),
        };
    }
    Ok(Number { value, decimal: radix == 10 })
}

/// The message for a character that is no digit; a hexadecimal number that lacks its prefix is the likely slip.
fn wrong_digit(text: &str, shown: &str, found: char, radix: u32) -> String {
    let found = found.escape_default();
    let bare_hex = radix == 10 && text.len() <= 20 && text.chars().all(|c| c == '_' || c.is_ascii_hexdigit());
    if bare_hex {
        return format!("`{shown}`: found `{found}`, expected a decimal digit; hexadecimal is written 0x{text}");
    }
    let digits = match radix {
        16 => "hexadecimal digits behind 0x",
        2 => "0 and 1 behind 0b",
        _ => "a pte value such as 0x4, 0b100 or 4",
    };
    format!("`{shown}`: found `{found}`, expected {digits}")
}

/// What the user wrote, fit for a message: no control characters, and not too much of it.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().flat_map(char::escape_default).take(32).collect();
    if text.chars().flat_map(char::escape_default).nth(32).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn value(text: &str) -> Option<u64> {
        parse(text).ok().map(|n| n.value)
    }

    #[test]
    fn hexadecimal_binary_and_decimal_are_read_with_underscores() {
        assert_eq!(value("0x8000_0000_0000_0025"), Some(0x8000_0000_0000_0025));
        assert_eq!(value("0XfF"), Some(0xff));
        assert_eq!(value("0b1_00"), Some(4));
        assert_eq!(value("18446744073709551615"), Some(u64::MAX));
        assert_eq!(value("0"), Some(0));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in
            ["", "0x", "0b", "_", "0x_", "-1", "+1", " 4", "4 ", "0b2", "0xg", "pte", "1e3", "\u{664}", "0x\u{664}"]
        {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_into_64_bits_is_refused() {
        for text in ["0x1_0000_0000_0000_0000", "18446744073709551616", &"9".repeat(500)] {
            assert!(parse(text).unwrap_err().contains("more than 64 bits"), "{text}");
        }
    }

    #[test]
    fn a_hexadecimal_number_without_prefix_gets_a_hint() {
        assert!(parse("e7ffffffffdb9604").unwrap_err().contains("0xe7ffffffffdb9604"));
    }
}
