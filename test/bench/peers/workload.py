"""The file that every contestant starts from, and what its dimension must be."""
import functools
import json

PHASES = ("first", "nochange", "change")
SCENES_PER_ACCOUNT = 50  # 49 numbers and @_all
NAMES = ("小程序历史列表", "搜索", "会话", "扫一扫", "公众号菜单", "模板消息", "朋友圈", "附近", "卡包", "系统桌面",
         "任务栏", "发现栏", "浮窗", "收藏", "广告", "支付完成页", "群工具", "带参二维码", "聊天记录", "服务通知")
ODD = ('发现栏, "更多"', "C:\\扫码\\入口", "搜索 'a'", "浮窗 😀", "A B")


def name_of(account, index):
    n = account * SCENES_PER_ACCOUNT + index
    if n % 997 == 0:
        return f"{ODD[n % len(ODD)]}{n}"
    return f"{NAMES[n % len(NAMES)]}{account % 89}-{index}"


def scenes(account, changed):
    """(key, name) of one account. changed: 1 % renamed, one key gone in 1 % of accounts, one new in another 1 %."""
    for index in range(SCENES_PER_ACCOUNT - 1):
        if changed and account % 100 == 3 and index == 5:
            continue
        renamed = changed and (account * SCENES_PER_ACCOUNT + index) % 100 == 37
        yield index + 1, name_of(account, index) + ("(改)" if renamed else "")
    if changed and account % 100 == 7:
        yield 1001, "新场景"
    yield "@_all", "全部"


def copy_line(app, key, name):
    for char, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        name = name.replace(char, escaped)
    return f"{app}\t{key}\t{name}\n"


def observation_line(app, day, account, listed):
    body = {"errcode": 0, "errmsg": "ok", "scene": [{"name": n, "value": k} for k, n in listed]}
    at = f"2026-01-{day:02d}T{2 + account // 3600 % 20:02d}:{account // 60 % 60:02d}:{account % 60:02d}Z"
    line = {"app_id": app, "observed_at": at, "body": body}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def write_workload(folder, rows):
    """One NDJSON file a phase, and a TSV of the same rows beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for day, phase in enumerate(PHASES, 1):
        paths[phase] = folder / f"{rows}-{phase}.ndjson"
        flat = paths[phase].with_suffix(".tsv")
        if paths[phase].exists() and flat.exists():
            continue
        with open(paths[phase], "w", encoding="utf-8") as obs, open(flat, "w", encoding="utf-8") as tsv:
            for account in range(rows // SCENES_PER_ACCOUNT):
                app = f"wx{account:016x}"
                listed = list(scenes(account, phase == "change"))
                obs.write(observation_line(app, day, account, listed))
                tsv.writelines(copy_line(app, k, n) for k, n in listed)
    return paths


@functools.lru_cache(maxsize=9)
def expected(stem, phase, history):
    """Sorted 'o' (open) and 'c' (closed) lines after `phase`, and how many. history: scd2, scd1 or load."""
    open_rows, closed = {}, []
    for step in PHASES[: PHASES.index(phase) + 1]:
        seen = {}
        with open(f"{stem}-{step}.tsv", encoding="utf-8") as lines:
            for line in lines:
                app, key, name = line.rstrip("\n").split("\t", 2)
                seen[app, key] = name
        if history == "scd1":
            open_rows.update(seen)
            continue
        if history == "scd2":
            closed += [(k, n) for k, n in open_rows.items() if seen.get(k) != n]
        open_rows = seen
    rows = [f"{a}\t{k}\t{n}\to" for (a, k), n in open_rows.items()] + [f"{a}\t{k}\t{n}\tc" for (a, k), n in closed]
    return sorted(rows), len(open_rows), len(closed)
