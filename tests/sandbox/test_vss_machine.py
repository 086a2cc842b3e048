"""Whatever is called at the insurance gateway in whatever order: nothing is lost, nothing strays.

Every acknowledged record is in exactly one count, the questions of 4210 agree with the ledger, a
session works for its own account and only until its end, and the same calls give the same bytes.
"""

import base64
import datetime as dt
import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from vnhealth.protocol import gateway, vss, vss_4210
from vnhealth.sandbox import Exchange, Request, Settings

FACILITIES = ("01001", "79002")
FACILITY = st.sampled_from(FACILITIES)
KEYS = st.sampled_from(["A1", "W2", "R3"])
FORM = {"Content-Type": vss.FORM_CONTENT_TYPE}
DELAY = dt.timedelta(minutes=5)
LIFE = dt.timedelta(minutes=60)
TOLD_AFTER = dt.timedelta(hours=24)
VERDICTS = {"A": "good", "W": "good", "R": "bad"}


class Sent:
    """One acknowledged record."""

    def __init__(self, place, due, verdict):
        self.place, self.due, self.verdict = place, due, verdict

    def state(self, now):
        return self.verdict if self.due <= now else "pending"


def minutes_file(key):
    return f"<GIAM_DINH_YKHOA><SO_BIEN_BAN>{key}</SO_BIEN_BAN></GIAM_DINH_YKHOA>".encode()


def driver_body(facility, number, state, day="03/08/2026"):
    return {
        "SO": f"{number:05d}/GKSKLX/{facility}/26",
        "HOTEN": "Nguyễn Văn Mẫu",
        "GIOITINHVAL": "1",
        "NGAYSINH": "01/02/1990",
        "IDBENHVIEN": facility,
        "NGAYKETLUAN": day,
        "BACSYKETLUAN": "Trần Thị Mẫu",
        "KETLUAN": "Đủ sức khoẻ",
        "HANGBANGLAI": "B2",
        "STATE": state,
        "SIGNDATA": "PEdLU0svPg==",
    }


def machine(files):
    class Machine(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.exchange = self.new()
            self.sent = []
            self.tokens = []
            self.log = []

        def new(self):
            return Exchange.default(
                seed=7, checker=files.judge, settings=Settings(verdict_delay=DELAY)
            )

        @property
        def now(self):
            return self.exchange.clock.now()

        def call(self, name, headers, query="", body=b"", **args):
            path = "/vss" + gateway("vss").endpoint(name).path.format(**args)
            request = Request(gateway("vss").endpoint(name).method, path, headers, query, body)
            reply = self.exchange.handle(request)
            self.log.append((request, reply.status, reply.body))
            return reply

        def login(self, facility):
            who = self.exchange.credentials(facility)
            hashed = vss.password_hash(who.password)
            form = vss.encode_form({"username": who.username, "password": hashed})
            key = self.call("login", FORM, body=form).json()["APIKey"]
            return {
                "accessToken": key["access_token"],
                "tokenId": key["id_token"],
                "passwordHash": hashed,
            }

        def query(self, facility, head=None, **more):
            head = head or self.login(facility)
            words = {
                "token": head["accessToken"],
                "id_token": head["tokenId"],
                "username": f"{facility}_BV",
                "password": head["passwordHash"],
                "maCSKCB": facility,
                "maTinh": facility[:2],
                "loaiHoSo": "3",
                **more,
            }
            return vss.encode_form(words).decode()

        def note(self, kind, facility, key, verdict, due=None):
            self.sent.append(Sent((kind, facility, key), due or self.now + DELAY, verdict))

        def latest(self, place):
            return next((s for s in reversed(self.sent) if s.place == place), None)

        def form(self, facility, name, data, head=None):
            fields = {
                "username": f"{facility}_BV",
                "loaiHoSo": gateway("vss").endpoint(name).record,
                "maTinh": facility[:2],
                "maCSKCB": facility,
                "fileHSBase64": base64.b64encode(data).decode(),
            }
            head = head or self.login(facility)
            return self.call(name, {**head, **FORM}, body=vss.encode_form(fields))

        @rule(facility=FACILITY, key=KEYS, kind=st.sampled_from(["claim", "checkin"]))
        def send(self, facility, key, kind):
            data = getattr(files, kind)(key, facility=facility)
            assert self.form(facility, f"{kind}_3176", data).status == 200
            self.note(kind, facility, key, VERDICTS[key[0]])

        @rule(facility=FACILITY, key=KEYS)
        def send_minutes(self, facility, key):
            assert self.form(facility, "gdyk", minutes_file(key)).status == 200
            self.note("gdyk", facility, key, "bad")

        @rule(facility=FACILITY, key=KEYS, form=st.integers(0, 3))
        def send_4210(self, facility, key, form):
            data = files.claim(key, facility=facility)
            body = (
                vss_4210.as_numbers(data),
                data,
                json.dumps(base64.b64encode(data).decode()).encode(),
                vss.encode_form({"fileHS": data.decode()}),
            )[form]
            reply = self.call("send_4210", {}, self.query(facility), body)
            assert reply.json()["maKetQua"] == "200"
            self.note("claim_4210", facility, key, VERDICTS[key[0]])

        @rule(facility=FACILITY, number=st.integers(1, 2), wrong=st.booleans())
        def check_a_driver(self, facility, number, wrong):
            place = ("gksk", facility, number)
            earlier = self.latest(place)
            known = earlier is not None and earlier.verdict == "good"
            who = self.exchange.credentials(facility, username=f"{facility}_HSSK")
            head = {"Username": who.username, "Password": vss.password_hash(who.password)}
            for state in ("EDIT", "ADD"):
                body = driver_body(facility, number, state, "today" if wrong else "03/08/2026")
                reply = self.call("gksk", head, body=json.dumps(body).encode()).json()
                if (state == "EDIT") == known and not (known and wrong):
                    assert reply["MSG_STATE"] == ("0" if wrong else "1")
                    self.note(*place, "bad" if wrong else "good", self.now)
                    known = not wrong
                else:
                    assert (reply["MSG_STATE"], reply["UUID"]) == ("0", None)

        @rule(facility=FACILITY, code=st.sampled_from(["000", "003", "060", "124"]))
        def look_a_card_up(self, facility, code):
            fields = {
                "maThe": f"9999999{code}",
                "hoTen": "Nguyễn Văn Mẫu",
                "ngaySinh": "1990",
                "hoTenCb": "Trần Văn Tra Cứu",
                "cccdCb": "001090990001",
            }
            query = self.query(facility)
            reply = self.call("card", {}, query, json.dumps(fields).encode())
            assert reply.json()["maKetQua"] == code

        @rule(facility=FACILITY)
        def keep_a_session(self, facility):
            self.tokens.append((facility, self.now + LIFE, self.login(facility)))

        @rule(pick=st.integers(0, 50), key=KEYS)
        def use_a_session_everywhere(self, pick, key):
            if not self.tokens:
                return
            facility, until, head = self.tokens[pick % len(self.tokens)]
            other = next(f for f in FACILITIES if f != facility)
            for target in (other, facility):
                data = files.claim(key, facility=target)
                reply = self.form(target, "claim_3176", data, head).json()
                if target == facility and self.now < until:
                    assert reply["maKetQua"] == "200"
                    self.note("claim", facility, key, VERDICTS[key[0]])
                else:
                    assert reply["maKetQua"] in ("401", "403")
            bearer = {"Authorization": f"Bearer {head['accessToken']}"}
            path = "/province" + gateway("province").endpoint("whoami").path
            assert self.exchange.handle(Request("GET", path, bearer)).status == 401

        @rule(minutes=st.integers(0, 40) | st.just(24 * 60))
        def wait(self, minutes):
            self.exchange.clock.advance(minutes=minutes)
            self.log.append(minutes)

        @rule()
        def judge_some(self):
            self.exchange.settle(limit=1)

        @rule(facility=FACILITY)
        def the_questions_of_4210_agree(self, facility):
            rows = [s for s in self.sent if s.place[:2] == ("claim_4210", facility)]
            live = [s.state(self.now) for s in rows if s is self.latest(s.place)]
            query = self.query(facility, tuNgay="01/08/2026", denNgay="30/08/2026")
            days = self.call("days_4210", {}, query).json()["dsKQGuiHosoNgay"]
            assert sum(day["tongSo"] for day in days) == len(rows)
            assert sum(day["soHSThanhCong"] for day in days) == live.count("good")
            assert sum(day["soHSLoi"] for day in days) == live.count("bad")

        @rule(facility=FACILITY)
        def errors_are_told_a_day_after_receipt_unless_replaced_before(self, facility):
            expected = []
            for number, one in enumerate(self.sent):
                if one.place[0] not in ("claim", "claim_4210") or one.place[1] != facility:
                    continue
                later = [s for s in self.sent[number + 1 :] if s.place == one.place]
                at = one.due - DELAY + TOLD_AFTER
                if one.verdict == "bad" and at <= self.now:
                    if not later or later[0].due - DELAY > at:
                        expected.append(one.place[2])
            query = "tuNgay=01/08/2026&denNgay=30/12/2026"
            told = self.call("notices", self.login(facility), query).json()["dsThongBao"]
            assert sorted(row["maLk"] for row in told) == sorted(expected)

        @rule()
        def books_balance(self):
            rows = self.exchange.reconcile()
            assert all(row.balanced for row in rows)
            live = [s.state(self.now) for s in self.sent if s is self.latest(s.place)]
            total = {
                name: sum(getattr(row, name) for row in rows)
                for name in ("received", "sent", "pending", "accepted", "refused")
            }
            assert total == {
                "received": len(self.sent),
                "sent": len(live),
                "pending": live.count("pending"),
                "accepted": live.count("good"),
                "refused": live.count("bad"),
            }

        @invariant()
        def nothing_is_lost(self):
            since, until = dt.date(2026, 1, 1), dt.date(2027, 1, 1)
            rows = self.exchange.store.counts("", "", since, until)
            assert sum(row.received for row in rows) == len(self.sent)

        def teardown(self):
            """The same calls at a new exchange give the same bytes."""
            again = self.new()
            for step in self.log:
                if isinstance(step, int):
                    again.clock.advance(minutes=step)
                else:
                    request, status, body = step
                    reply = again.handle(request)
                    assert (reply.status, reply.body) == (status, body)

    return Machine


def test_any_order_of_calls_at_the_insurance_gateway(files):
    run_state_machine_as_test(
        machine(files),
        settings=settings(max_examples=30, stateful_step_count=25, deadline=None),
    )
