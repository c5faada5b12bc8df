use std::io::{self, Write};

use seawall_model::Report;

use crate::json::{Object, Value};
use crate::xml::XmlWriter;
use crate::{Format, RenderOptions, cyclonedx};

/// CycloneDX 1.6, XML: the same document as the JSON one, whose keys stand in the schema's order.
pub(crate) struct CyclonedxXml;

impl Format for CyclonedxXml {
    fn id(&self) -> &'static str {
        "cyclonedx-xml"
    }

    fn about(&self) -> &'static str {
        "CycloneDX 1.6 SBOM with vulnerabilities, as XML"
    }

    fn specification(&self) -> &'static str {
        "https://cyclonedx.org/docs/1.6/xml/"
    }

    fn media_type(&self) -> &'static str {
        "application/vnd.cyclonedx+xml; version=1.6"
    }

    fn file_extension(&self) -> &'static str {
        "cdx.xml"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let document = Value::from(cyclonedx::document(self.id(), report, options));
        let serial = document.get("serialNumber").and_then(Value::as_text).unwrap_or_default();
        let root = [("xmlns", "http://cyclonedx.org/schema/bom/1.6"), ("serialNumber", serial), ("version", "1")];
        let mut xml = XmlWriter::new(out)?;
        xml.open("bom", &root)?;
        for key in ["metadata", "components", "dependencies", "vulnerabilities"] {
            if let Some(value) = document.get(key) {
                member(&mut xml, key, value)?;
            }
        }
        xml.finish()
    }
}

/// One key of an object as an element. Lists are an element with one child per item, whose name is the singular.
fn member(xml: &mut XmlWriter<'_>, key: &'static str, value: &Value) -> io::Result<()> {
    let Value::List(items) = value else { return element(xml, key, value) };
    let (wrapper, item) = match key {
        "components" => (Some(key), "component"),
        "dependencies" => (Some(key), "dependency"),
        "vulnerabilities" => (Some(key), "vulnerability"),
        "properties" => (Some(key), "property"),
        "hashes" => (Some(key), "hash"),
        "methods" => (Some(key), "method"),
        "occurrences" => (Some(key), "occurrence"),
        "references" => (Some(key), "reference"),
        "ratings" => (Some(key), "rating"),
        "cwes" => (Some(key), "cwe"),
        "advisories" => (Some(key), "advisory"),
        "versions" => (Some(key), "version"),
        "affects" => (Some(key), "target"),
        "response" => (Some("responses"), "response"),
        // Each item of these names itself (`license`, `expression`), or they have no wrapper.
        "licenses" => {
            xml.open(key, &[])?;
            for item in items {
                if let Value::Object(Object(members)) = item {
                    for (name, value) in members {
                        element(xml, name, value)?;
                    }
                }
            }
            return xml.close();
        }
        other => (None, other),
    };
    if let Some(wrapper) = wrapper {
        xml.open(wrapper, &[])?;
    }
    for value in items {
        element(xml, item, value)?;
    }
    if wrapper.is_some() {
        xml.close()?;
    }
    Ok(())
}

fn element(xml: &mut XmlWriter<'_>, name: &'static str, value: &Value) -> io::Result<()> {
    let text = |key: &str| value.get(key).and_then(Value::as_text).unwrap_or_default();
    match value {
        Value::Object(Object(members)) => match name {
            "property" => xml.element(name, &[("name", text("name"))], text("value")),
            "hash" => xml.element(name, &[("alg", text("alg"))], text("content")),
            "dependency" => {
                xml.open(name, &[("ref", text("ref"))])?;
                if let Some(Value::List(on)) = value.get("dependsOn") {
                    for reference in on.iter().filter_map(Value::as_text) {
                        xml.element(name, &[("ref", reference)], "")?;
                    }
                }
                xml.close()
            }
            _ => {
                let attribute = |(key, value): &(&'static str, Value)| match (name, *key) {
                    ("component", "type" | "bom-ref") | ("vulnerability", "bom-ref") => {
                        Some((*key, value.as_text()?.to_owned()))
                    }
                    _ => None,
                };
                let attributes: Vec<(&str, String)> = members.iter().filter_map(attribute).collect();
                let borrowed: Vec<(&str, &str)> = attributes.iter().map(|(k, v)| (*k, v.as_str())).collect();
                xml.open(name, &borrowed)?;
                for (key, value) in members {
                    if !attributes.iter().any(|(taken, _)| taken == key) {
                        member(xml, key, value)?;
                    }
                }
                xml.close()
            }
        },
        Value::List(_) => member(xml, name, value),
        Value::Text(text) => xml.element(name, &[], text),
        Value::Number(number) => xml.element(name, &[], number),
        Value::Bool(flag) => xml.element(name, &[], if *flag { "true" } else { "false" }),
        Value::Null => Ok(()),
    }
}
