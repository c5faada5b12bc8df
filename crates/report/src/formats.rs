mod cyclonedx_json;
mod cyclonedx_xml;
mod gitlab;
mod html;
mod json;
mod junit;
mod markdown;
mod openvex;
mod sarif;
mod spdx_json;
mod spdx_tag_value;
mod table;

use crate::Format;

/// Every format, in the order of the reference.
pub const FORMATS: &[&dyn Format] = &[
    &table::Table,
    &json::Json,
    &cyclonedx_json::CyclonedxJson,
    &cyclonedx_xml::CyclonedxXml,
    &spdx_json::SpdxJson,
    &spdx_tag_value::SpdxTagValue,
    &sarif::Sarif,
    &openvex::OpenVex,
    &junit::Junit,
    &gitlab::Gitlab,
    &markdown::Markdown,
    &html::Html,
];

/// The format with this id.
pub fn format(id: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|f| f.id() == id)
}
