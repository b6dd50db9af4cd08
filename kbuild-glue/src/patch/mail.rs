//! Mails whose text is encoded: in quoted-printable, or in base64 (RFC 2045).

use std::borrow::Cow;

use super::hunk::split_lines;

/// The same bytes, with what mails in them have encoded decoded. What is no mail, or says nothing of an encoding, stays
/// as it is; so do lines that are not encoded as their mail says.
pub(super) fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let lower = bytes.to_ascii_lowercase();
    if memchr::memmem::find(&lower, b"content-transfer-encoding:").is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut lines = split_lines(bytes).peekable();
    let mut result = Vec::with_capacity(bytes.len());
    let mut place = MailPart::Header;
    let mut encoding = Encoding::None;
    let mut boundary = None;
    // In a mailbox each mail begins with such a line; a part of a mail behind its boundary.
    while let Some(line) = lines.next() {
        let is_boundary = boundary.as_ref().is_some_and(|name: &Vec<u8>| {
            line.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(name))
        });
        let begins = is_boundary
            || line.starts_with(b"From ") && lines.peek().is_some_and(|next| is_field(next));
        if begins {
            (place, encoding) = (MailPart::Header, Encoding::None);
        } else if place == MailPart::Header {
            if line.trim_ascii().is_empty() {
                place = MailPart::Body;
            } else if let Some(value) = field(line, b"content-transfer-encoding:") {
                encoding = Encoding::named(value);
            } else if let Some(at) = memchr::memmem::find(line, b"boundary=") {
                let value = line.get(at..).unwrap_or_default().trim_ascii();
                let value = value.strip_prefix(b"boundary=").unwrap_or(value);
                let value = value.split(|byte| *byte == b';').next().unwrap_or_default();
                let value = value.strip_prefix(b"\"").unwrap_or(value);
                boundary = Some(value.strip_suffix(b"\"").unwrap_or(value).to_vec());
            }
        } else if encoding != Encoding::None {
            encoding.decode(line, &mut result);
            continue;
        }
        result.extend_from_slice(line);
    }
    Cow::Owned(result)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MailPart {
    Header,
    Body,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    None,
    Quoted,
    Base64,
}

impl Encoding {
    fn named(name: &[u8]) -> Self {
        match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"quoted-printable" => Self::Quoted,
            b"base64" => Self::Base64,
            _ => Self::None,
        }
    }

    fn decode(self, line: &[u8], result: &mut Vec<u8>) {
        match self {
            Self::None => result.extend_from_slice(line),
            Self::Quoted => quoted_printable(line, result),
            Self::Base64 => match base64(line.trim_ascii()) {
                Some(bytes) => result.extend(bytes),
                None => result.extend_from_slice(line),
            },
        }
    }
}

/// Whether a line looks like a field of a header.
fn is_field(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    name.len() < line.len()
        && !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// What a header's line says, if it is of the field `name`.
fn field<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

fn quoted_printable(line: &[u8], result: &mut Vec<u8>) {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let mut rest = text;
    while let Some((&first, others)) = rest.split_first() {
        rest = others;
        if first != b'=' {
            result.push(first);
            continue;
        }
        // At its end it says that the line goes on.
        if others.trim_ascii().is_empty() {
            return;
        }
        let digit = |at: usize| others.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (digit(0), digit(1)) {
            (Some(high), Some(low)) => {
                let value = high.wrapping_mul(16).wrapping_add(low);
                result.extend(u8::try_from(value).ok());
                rest = others.get(2..).unwrap_or_default();
            }
            _ => result.push(first),
        }
    }
    if text.len() < line.len() {
        result.push(b'\n');
    }
}

/// The bytes of a line; none for one that is something else.
fn base64(line: &[u8]) -> Option<Vec<u8>> {
    let text = line.strip_suffix(b"==").or_else(|| line.strip_suffix(b"=")).unwrap_or(line);
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count = count.wrapping_add(6);
        if count >= 8 {
            count = count.wrapping_sub(8);
            bytes.extend(u8::try_from(bits >> count & 0xff).ok());
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str =
        "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -1 +1 @@\n-int a = 1;\n+int a = 2; \u{2014}\n";

    fn text(mail: &str) -> String {
        String::from_utf8(decoded(mail.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn quoted() {
        let mail = "From: A <a@b.c>\nContent-Transfer-Encoding: Quoted-Printable\n\nText, which =\n\
                    goes on\n--- a/fs/a.c\n+++ b/fs/a.c\n@@ -1 +1 @@\n-int a =3D 1;\n+int a =3D 2; =E2=80=\n=94\n";
        assert!(text(mail).ends_with(&format!("Text, which goes on\n{PATCH}")), "{}", text(mail));
    }

    #[test]
    fn base64_in_a_part_of_a_mailbox() {
        let encoded = "LS0tIGEvZnMvYS5jCisrKyBiL2ZzL2EuYwpAQCAtMSArMSBAQAotaW50IGEgPSAxOworaW50\nIGEgPSAyOyDigJQK\n";
        let mail = format!(
            "From 0123 Mon Sep 17 00:00:00 2001\nSubject: x\nContent-Type: multipart/mixed; boundary=\"=-x\"\n\n\
             --=-x\ncontent-transfer-encoding: 8bit\n\na =3D b\n--=-x\nContent-Transfer-Encoding: base64\n\n{encoded}--=-x--\n\
             From 4567 Mon Sep 17 00:00:00 2001\nSubject: y\n\nc =3D d\n"
        );
        let text = text(&mail);
        assert!(text.contains(PATCH), "{text}");
        assert!(text.contains("a =3D b\n") && text.contains("c =3D d\n"), "{text}");
    }

    #[test]
    fn what_is_no_mail_stays() {
        for patch in [PATCH, "-- a\n=3D\n"] {
            assert_eq!(text(patch), patch);
        }
        let talk = format!("Subject: x\n\ncontent-transfer-encoding: base64\n{PATCH}");
        assert_eq!(text(&talk), talk);
    }
}
