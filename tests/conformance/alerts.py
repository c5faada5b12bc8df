"""Reads delivered alerts back with the tools of each format; run by alerts.sh, which installs them."""

import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData, SeverityNumber
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

NASTY = 'a]b"c\\d=e|f\ng\r\x1b[31m\u202eh\x00\u2028,é\U0001f980'


def alert(number, **changes):
    plain = {
        "time": f"2026-11-24T11:27:00.{number:09}Z",
        "rule": "Terminal shell in container",
        "priority": "Notice",
        "source": "syscall",
        "hostname": "node-1",
        "tags": ["container", "mitre_privilege_escalation", "T1059.004", "TA0003"],
        "output": f"shell number {number}",
        "output_fields": {"proc.name": "bash", "proc.pid": number, "x": None, "y": True, "z": 2**64 - 1},
        "seawall": {
            "tier": "cgroup-bpf",
            "action": "killed",
            "container": {
                "id": "f" * 64,
                "name": "web",
                "engine": "docker",
                "image": "nginx:1.27",
                "imageRepository": "nginx",
                "imageTag": "1.27",
                "imageDigest": "sha256:" + "a" * 64,
                "imageId": None,
                "labels": {},
                "mounts": [],
                "privileged": False,
                "started": None,
                "addresses": [],
                "pod": {
                    "name": "web-0",
                    "namespace": "shop",
                    "uid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                    "serviceAccount": None,
                    "labels": {},
                },
                "service": None,
                "task": None,
            },
            "resolvedPath": "/bin/bash",
            "count": 1,
        },
    }
    return plain | changes


ALERTS = [
    alert(1),
    alert(2, priority="Critical", rule=NASTY, output=NASTY, output_fields={NASTY: NASTY}),
    alert(3, seawall={"tier": "observe", "action": "none", "count": 9, "firstTime": "2026-11-24T11:26:00Z"}),
]


class Receiver(http.server.BaseHTTPRequestHandler):
    bodies = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.bodies.append((self.path, self.headers["content-type"], body))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def check_logs(data, source):
    records = [
        (log, resource.resource)
        for resource in data.resource_logs
        for scope in resource.scope_logs
        for log in scope.log_records
    ]
    assert len(records) == len(ALERTS), f"{source}: {len(records)} records"
    for (record, resource), sent in zip(records, ALERTS):
        names = {a.key: a.value for a in record.attributes}
        assert len(names) == len(record.attributes), f"{source}: a key comes twice"
        number = int(sent["time"].rsplit(".")[1].rstrip("Z"))
        assert record.time_unix_nano == 1795519620 * 10**9 + number, source
        assert names["seawall.rule"].string_value == sent["rule"], source
        assert names["seawall.count"].int_value == sent["seawall"]["count"], source
        fields = {f.key: f.value for f in names["seawall.output_fields"].kvlist_value.values}
        assert fields.keys() == sent["output_fields"].keys(), source
        assert {a.key: a.value.string_value for a in resource.attributes}["host.name"] == "node-1", source
    first = records[0][0]
    assert first.severity_number == SeverityNumber.SEVERITY_NUMBER_INFO2, source
    assert first.body.string_value == "shell number 1", source
    fields = {f.key: f.value for a in first.attributes if a.key == "seawall.output_fields" for f in a.value.kvlist_value.values}
    assert fields["proc.pid"].int_value == 1 and fields["y"].bool_value is True, source
    assert fields["x"].WhichOneof("value") is None and fields["z"].string_value == str(2**64 - 1), source


def main(deliver):
    folder = pathlib.Path(tempfile.mkdtemp())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    specs = [
        f"otlp={folder}/otlp",
        f"ocsf={folder}/ocsf",
        f"jsonl={folder}/jsonl",
        f"otlp={address},wait=1000",
        f"ocsf={address}/ocsf,body=array,wait=1000",
    ]
    arguments = [part for spec in specs for part in ("-o", spec)]
    lines = "".join(json.dumps(a) + "\n" for a in ALERTS)
    subprocess.run([deliver, *arguments], input=lines.encode(), check=True, stderr=subprocess.DEVNULL)

    text = (folder / "otlp").read_text("utf-8").removesuffix("\n").split("\n")
    merged = LogsData()
    for line in text:
        # Unknown fields are an error here.
        merged.MergeFrom(json_format.Parse(line, LogsData()))
    check_logs(merged, "otlp file")
    sent = ExportLogsServiceRequest()
    for path, kind, body in Receiver.bodies:
        if path == "/v1/logs":
            assert kind == "application/json", kind
            sent.MergeFrom(json_format.Parse(body, ExportLogsServiceRequest()))
    check_logs(sent, "otlp over HTTP")

    findings = [json.loads(line) for line in (folder / "ocsf").read_text("utf-8").removesuffix("\n").split("\n")]
    posted = [finding for path, _, body in Receiver.bodies if path == "/ocsf" for finding in json.loads(body)]
    assert findings == posted, "the file and the requests hold the same findings"
    for finding, sent_alert in zip(findings, ALERTS, strict=True):
        model = DetectionFinding.model_validate(finding)
        assert model.type_uid in (200401, 200402) and model.finding_info.uid, finding
        assert model.count == sent_alert["seawall"]["count"], finding
    attacks = findings[0]["finding_info"]["attacks"]
    assert {"tactic": {"uid": "TA0003", "name": "TA0003"}} in attacks, attacks

    for line, sent_alert in zip((folder / "jsonl").read_text("utf-8").removesuffix("\n").split("\n"), ALERTS, strict=True):
        found = json.loads(line)
        assert list(found) == "time rule priority source hostname tags output output_fields seawall".split(), list(found)
        assert found["output"].endswith(": " + sent_alert["priority"] + " " + sent_alert["output"]), found["output"]
        assert {k: v for k, v in found.items() if k != "output"}["output_fields"] == sent_alert["output_fields"]
    print(f"otlp, ocsf and jsonl: {len(ALERTS)} alerts each read back")


main(sys.argv[1])
