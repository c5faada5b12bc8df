//! Messages as rsyslog understands them.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use seawall_sink::SinkSettings;
use serde_json::Value;

use crate::support::{LONG, alert, have, hostile, nobody, open, until};

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// rsyslog with a configuration of its own, writing one JSON object for each message.
fn start(folder: &Path, address: SocketAddr) -> Daemon {
    let configuration = format!(
        r#"
global(workDirectory="{0}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")
module(load="imtcp")
module(load="imudp")
module(load="imuxsock" SysSock.Use="off")
module(load="mmpstrucdata")
template(name="all" type="list" option.jsonf="on") {{
  property(outname="hostname" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="procid" name="procid" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="pri" name="pri" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="sd" name="structured-data" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
  property(outname="parsed" name="$!rfc5424-sd" format="jsonf")
}}
ruleset(name="in") {{
  action(type="mmpstrucdata")
  action(type="omfile" file="{0}/out.jsonl" template="all")
}}
input(type="imtcp" address="{1}" port="{2}" ruleset="in")
input(type="imudp" address="{1}" port="{2}" ruleset="in")
input(type="imuxsock" Socket="{0}/log" UseSpecialParser="off" ParseHostname="on" UsePIDFromSystem="off" UseSysTimeStamp="off" IgnoreTimestamp="off" RuleSet="in")
"#,
        folder.display(),
        address.ip(),
        address.port(),
    );
    let file = folder.join("rsyslog.conf");
    std::fs::write(&file, configuration).unwrap();
    let program = ["/usr/sbin/rsyslogd", "rsyslogd"].into_iter().find(|p| have(p)).unwrap();
    let child = Command::new(program)
        .args(["-n", "-i", "NONE", "-f"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("talk")).unwrap())
        .spawn()
        .unwrap();
    Daemon(child)
}

#[test]
fn every_field_comes_out_right_over_every_transport() {
    if !have("/usr/sbin/rsyslogd") && !have("rsyslogd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let address = nobody();
    let daemon = start(folder.path(), address);
    let socket = folder.path().join("log");
    until("rsyslog is up", || socket.exists() && TcpStream::connect(address).is_ok());
    let out = folder.path().join("out.jsonl");
    // A line that is half written does not count.
    let lines = || {
        let text = std::fs::read_to_string(&out).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let talk = || std::fs::read_to_string(folder.path().join("talk")).unwrap_or_default();
    let targets = [format!("tcp:{address}"), format!("udp:{address}"), format!("unix:{}", socket.display())];
    for (index, target) in targets.iter().enumerate() {
        let sinks = open(&[&format!("syslog={target},facility=local0")], SinkSettings::default());
        sinks.send(&alert(1));
        sinks.send(&hostile());
        let report = sinks.drain(LONG).remove(0);
        assert_eq!(report.delivered, 2, "{target}: {report:?}");
        until(&format!("{target}: rsyslog wrote both: {}", talk()), || lines().len() >= 2 * (index + 1));
        let mut found: Vec<Value> = lines()[2 * index..].iter().map(|l| serde_json::from_str(l).unwrap()).collect();
        for message in &mut found {
            // Its template writes the object as a text.
            message["parsed"] = serde_json::from_str(message["parsed"].as_str().unwrap()).unwrap();
        }
        plain(&found[0], target);
        nasty(&found[1], target);
    }
    drop(daemon);
}

fn plain(found: &Value, target: &str) {
    assert_eq!(found["hostname"], "node-1", "{target}: {found:#}");
    assert_eq!(found["app"], "seawall", "{target}");
    assert_eq!(found["procid"], std::process::id().to_string(), "{target}");
    assert_eq!(found["msgid"], "alert", "{target}");
    assert_eq!(found["pri"], "133", "{target}: local0, notice");
    assert_eq!(found["time"], "2026-11-24T11:27:00.000000Z", "{target}");
    let message = found["msg"].as_str().unwrap().trim_start_matches('\u{feff}');
    assert_eq!(message, "shell number 1", "{target}");
    let ours = &found["parsed"]["seawall@32473"];
    assert_eq!(ours["rule"], "Terminal shell in container", "{target}: {found:#}");
    assert_eq!(ours["container_name"], "web", "{target}");
    assert_eq!(ours["pod"], "web-0", "{target}");
    assert_eq!(ours["action"], "killed", "{target}");
    let fields = &found["parsed"]["fields@32473"];
    assert_eq!((&fields["proc.name"], &fields["user.uid"]), (&"bash".into(), &"4294967295".into()), "{target}");
}

fn nasty(found: &Value, target: &str) {
    let wanted = "a]b\"c\\d=e|f\\ng\\r\\u{1b}[31m\\u{202e}h\\u{0}\\u{2028},é\u{1f980}";
    assert_eq!(found["parsed"]["seawall@32473"]["container_name"], wanted, "{target}: {found:#}");
    let message = found["msg"].as_str().unwrap().trim_start_matches('\u{feff}');
    assert_eq!(message, format!("sentence {wanted}"), "{target}");
    assert_eq!(found["app"], "seawall", "{target}");
}
