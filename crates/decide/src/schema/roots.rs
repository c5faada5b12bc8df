use super::objects::{COUNTS, DATABASE, FINDING, IMAGE, OS, PACKAGE, TARGET, UNKNOWN};
use super::{Object, object};
use crate::cel::types::{Field, ObjectType, Type};
use crate::cel::value::Value;

/// The variables that every rule has, and the ones of its own.
macro_rules! scope {
    ($name:ident, $title:literal, { $($field:literal : $ty:expr, $doc:literal => |$root:ident| $value:expr;)* }) => {
        object!($name, $title, Object::Root(root), {
            $($field: $ty, $doc => { let $root = root; $value };)*
            "image": Type::Object(&IMAGE), "The image's configuration." => Some(Value::Object(Object::Image(root.world)));
            "os": Type::Object(&OS), "The operating system." => Some(Value::Object(Object::Os(root.world)));
            "target": Type::Object(&TARGET), "What was looked at." => Some(Value::Object(Object::Target(root.world)));
            "database": Type::Object(&DATABASE), "The advisory database." => Some(Value::Object(Object::Database(root.world)));
            "counts": Type::Object(&COUNTS), "Numbers of findings." => Some(Value::Object(Object::Counts(root.world)));
            "facts": Type::map(Type::Str, Type::Dyn), "What the caller states." => Some(root.world.facts.clone());
            "now": Type::Timestamp, "The time of the decision." => Some(Value::Timestamp(root.world.now));
        });
    };
}

scope!(FINDING_SCOPE, "on: finding", {
    "finding": Type::Object(&FINDING), "The finding." => |root| root.finding.map(|f| Value::Object(Object::Finding(root.world, f)));
});

scope!(PACKAGE_SCOPE, "on: package", {
    "package": Type::Object(&PACKAGE), "The package." => |root| root.package.map(|p| Value::Object(Object::Package(root.world, None, Some(p))));
});

scope!(IMAGE_SCOPE, "on: image", {});

scope!(REPORT_SCOPE, "on: report", {
    "findings": Type::list(Type::Object(&FINDING)), "Every finding that counts, worst first." =>
        |root| Some(Value::list(root.world.visible().map(|f| Value::Object(Object::Finding(root.world, f))).collect()));
    "packages": Type::list(Type::Object(&PACKAGE)), "Every package." =>
        |root| Some(Value::list(root.world.report.inventory.packages.iter().map(|p| Value::Object(Object::Package(root.world, None, Some(p)))).collect()));
    "unknowns": Type::list(Type::Object(&UNKNOWN)), "What could not be read." =>
        |root| Some(Value::list(root.world.report.inventory.unknowns.iter().map(|u| Value::Object(Object::Unknown(u))).collect()));
});

#[cfg(test)]
pub(crate) static NOTHING: ObjectType = ObjectType { name: "nothing", fields: &[] };
