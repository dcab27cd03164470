//! The files' form: `<configuration><property><name>..</name><value>..</value></property>..</configuration>`.

use std::path::Path;

use roxmltree::{Document, Node};

use crate::HadoopError;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) is_final: bool,
}

pub(super) fn properties(file: &Path, bytes: &[u8]) -> Result<Vec<Property>, HadoopError> {
    let wrong = |property: &str, reason: String| HadoopError::Configuration {
        file: file.to_owned(),
        property: property.to_owned(),
        reason,
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| wrong("the whole file", format!("it is not UTF-8: {error}")))?;
    let document = Document::parse(text.trim_start_matches('\u{feff}'))
        .map_err(|error| wrong("the whole file", format!("it is not XML: {error}")))?;
    let root = document.root_element();
    if root.tag_name().name() != "configuration" {
        let name = root.tag_name().name();
        let reason = format!("its root is <{name}> where <configuration> is expected");
        return Err(wrong("the whole file", reason));
    }
    let mut properties = Vec::new();
    for element in root.children().filter(Node::is_element) {
        match element.tag_name().name() {
            "property" => {}
            "include" => {
                let reason = "XInclude is not supported; put the properties into this file";
                return Err(wrong("xi:include", reason.to_owned()));
            }
            // Hadoop skips what it does not know.
            _ => continue,
        }
        let Some(name) = part(element, "name") else {
            let line = document.text_pos_at(element.range().start).row;
            let reason = format!("line {line}: a <property> has no <name>");
            return Err(wrong("property", reason));
        };
        properties.push(Property {
            name: name.trim().to_owned(),
            value: part(element, "value").unwrap_or_default(),
            is_final: part(element, "final").is_some_and(|text| text.trim() == "true"),
        });
    }
    Ok(properties)
}

/// A property's name, value or flag: an element inside, or an attribute.
fn part(property: Node<'_, '_>, name: &str) -> Option<String> {
    let element = property.children().find(|child| child.has_tag_name(name));
    match element {
        // A comment in the middle splits a text.
        Some(element) => Some(
            element
                .children()
                .filter(Node::is_text)
                .filter_map(|child| child.text())
                .collect(),
        ),
        None => property.attribute(name).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<Property>, String> {
        properties(Path::new("/etc/yarn-site.xml"), text.as_bytes())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn elements_and_attributes() {
        let text = r#"<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="configuration.xsl"?>
            <!-- a comment --><configuration>
            <property><name> a </name><value>1<!-- not this -->2 &lt;</value><description>x</description></property>
            <property name="b" value="3" final="true"/>
            <property><name>c</name></property>
            <other/></configuration>"#;
        let property = |name: &str, value: &str, is_final| Property {
            name: name.into(),
            value: value.into(),
            is_final,
        };
        let expected = [
            property("a", "12 <", false),
            property("b", "3", true),
            property("c", "", false),
        ];
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn other_files_are_refused_with_their_name() {
        let cases = [
            ("", "it is not XML"),
            ("<configuration>", "it is not XML"),
            ("<html/>", "its root is <html>"),
            (
                "<configuration>\n<property><value>1</value></property></configuration>",
                "line 2: a <property> has no <name>",
            ),
            (
                "<configuration xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='a.xml'/></configuration>",
                "XInclude is not supported",
            ),
        ];
        for (text, reason) in cases {
            let error = read(text).unwrap_err();
            assert!(error.starts_with("/etc/yarn-site.xml: "), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = properties(Path::new("a"), &bytes);
        }
    }
}
