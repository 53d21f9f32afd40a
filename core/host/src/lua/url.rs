//! The host of an http URL, read strictly: what is doubtful is refused, because a permission
//! hangs on it (RFC 3986 section 3.2).

/// Host (lower case) and port of `http://` or `https://` URLs; the port is the scheme's when none is given.
pub(crate) fn host_of(url: &str) -> Result<(String, u16), &'static str> {
    if url.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\') {
        return Err("the URL has a space, a control character or a backslash");
    }
    let scheme_end = url
        .find("://")
        .ok_or("the URL must begin with https:// or http://")?;
    let (scheme, rest) = url.split_at(scheme_end);
    let rest = rest.get(3..).unwrap_or("");
    let default_port = match scheme.to_ascii_lowercase().as_str() {
        "https" => 443,
        "http" => 80,
        _ => return Err("the URL must begin with https:// or http://"),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or("");
    if authority.contains('@') {
        return Err("the URL must not carry a user name: use a header");
    }
    let (host, port) = split_port(authority)?;
    let port = match port {
        None => default_port,
        Some(text) => text
            .parse()
            .ok()
            .filter(|&p| p != 0)
            .ok_or("the URL's port is not a number of 1 to 65535")?,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let literal = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let well_formed = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(inside) => !inside.is_empty() && inside.bytes().all(literal),
        None => !host.is_empty() && host.bytes().all(plain),
    };
    if !well_formed {
        return Err("the URL has no proper host name");
    }
    Ok((host.trim_end_matches('.').to_ascii_lowercase(), port))
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    if authority.starts_with('[') {
        let end = authority
            .find(']')
            .ok_or("the URL has no proper host name")?
            + 1;
        let (host, rest) = authority.split_at(end);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("the URL has no proper host name"),
        };
    }
    Ok(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_host_and_port() {
        assert_eq!(
            host_of("https://CRM.example.com/a?b"),
            Ok(("crm.example.com".into(), 443))
        );
        assert_eq!(
            host_of("http://crm.example.com.:8080"),
            Ok(("crm.example.com".into(), 8080))
        );
        assert_eq!(host_of("http://[::1]:81/"), Ok(("[::1]".into(), 81)));
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        for url in [
            "https://good.example@evil.example/",
            "https://good.example\\@evil.example/",
            "https:// evil.example/",
            "ftp://good.example/",
            "//good.example/",
            "https://",
            "https:///path",
            "https://good.example:0/",
            "https://good.example:99999/",
            "https://good.example:80:90/",
            "https://[::1/",
            "https://g%6fod.example/",
            "https://good.example\r\nHost: evil/",
        ] {
            assert!(host_of(url).is_err(), "{url}");
        }
    }
}
