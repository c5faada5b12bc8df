//! CVSS vectors and their base scores, for versions
//! [2.0](https://www.first.org/cvss/v2/guide), [3.0](https://www.first.org/cvss/v3.0/specification-document),
//! [3.1](https://www.first.org/cvss/v3.1/specification-document) and
//! [4.0](https://www.first.org/cvss/v4.0/specification-document).

use std::str::FromStr;

use seawall_model::CvssVector;

const BASE_2: &[&str] = &["AV", "AC", "Au", "C", "I", "A"];
const BASE_3: &[&str] = &["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
const BASE_4: &[&str] = &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];
const LONGEST: usize = 400;

/// A vector as published, with its version and its base score; `None` where it is not a whole vector.
///
/// The score is of the base metrics only (CVSS-B), whatever temporal, threat or environmental metrics the vector
/// carries: those are another person's circumstances.
pub fn cvss(text: &str) -> Option<CvssVector> {
    let vector = text.trim().trim_matches(|c| c == '(' || c == ')');
    if vector.len() > LONGEST {
        return None;
    }
    let (version, metrics, base) = if let Some(rest) = vector.strip_prefix("CVSS:3.1/") {
        ("3.1", rest, BASE_3)
    } else if let Some(rest) = vector.strip_prefix("CVSS:3.0/") {
        ("3.0", rest, BASE_3)
    } else if let Some(rest) = vector.strip_prefix("CVSS:4.0/") {
        ("4.0", rest, BASE_4)
    } else {
        ("2.0", vector.strip_prefix("CVSS:2.0/").unwrap_or(vector), BASE_2)
    };
    let mut only = String::with_capacity(vector.len());
    for key in base {
        let value = metrics.split('/').find_map(|m| m.split_once(':').filter(|(k, _)| k == key))?.1;
        only.push('/');
        only.push_str(key);
        only.push(':');
        only.push_str(value);
    }
    let score = match version {
        "2.0" => cvss::v2::Vector::from_str(only.get(1..)?).ok()?.score().value(),
        "4.0" => cvss::v4::Vector::from_str(&format!("CVSS:4.0{only}")).ok()?.score().value(),
        v => cvss::v3::Vector::from_str(&format!("CVSS:{v}{only}")).ok()?.base_score().value(),
    };
    Some(CvssVector { version: version.to_owned(), vector: vector.to_owned(), score })
}

#[cfg(test)]
mod tests {
    use super::cvss;

    /// Vectors with the scores that FIRST (guide and examples documents) and NVD publish for them.
    const PUBLISHED: &[(&str, &str, f64)] = &[
        // CVSS 2.0 guide, section 3.3: CVE-2002-0392, CVE-2003-0818, CVE-2003-0062.
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", "2.0", 7.8),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", "2.0", 10.0),
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C", "2.0", 6.2),
        ("(AV:N/AC:M/Au:N/C:N/I:P/A:N)", "2.0", 4.3),
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C", "2.0", 7.8),
        // CVSS 3.1 examples: CVE-2013-1937, CVE-2013-0375, CVE-2014-3566, CVE-2012-1516, CVE-2014-0160, CVE-2015-1098.
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "3.1", 6.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", "3.1", 6.4),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", "3.1", 3.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", "3.1", 9.9),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "3.1", 7.5),
        ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", "3.1", 7.8),
        ("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:N/I:N/A:H", "3.0", 5.3),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "3.1", 0.0),
        // CVSS 4.0 examples: CVE-2022-41741, CVE-2020-3549, CVE-2014-0160 with a threat metric, CVE-2021-44228.
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 7.3),
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 7.7),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:A", "4.0", 8.7),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", "4.0", 10.0),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", "4.0", 0.0),
    ];

    #[test]
    fn published_vectors_have_their_published_scores() {
        for (vector, version, score) in PUBLISHED {
            let got = cvss(vector).unwrap_or_else(|| panic!("{vector} is not read"));
            assert_eq!((got.version.as_str(), got.score), (*version, *score), "{vector}");
        }
    }

    #[test]
    fn what_is_not_a_whole_vector_is_none() {
        for bad in ["", "7.5", "CVSS:3.1/AV:N", "CVSS:5.0/AV:N/AC:L", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"] {
            assert_eq!(cvss(bad), None, "{bad}");
        }
        assert_eq!(cvss(&"AV:N/".repeat(10_000)), None);
    }
}
