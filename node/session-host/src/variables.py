# Tells the variables of an IPython session, or one of them and what is in it, as JSON. Executed with `wanted` as its only
# global: nothing here touches the session's own names.
import itertools
import json
import reprlib
import sys

from IPython import get_ipython

shell = get_ipython()
wanted = json.loads(wanted)
missing = object()


def shorter(limit):
    short = reprlib.Repr()
    short.maxlevel = 3
    short.maxdict = short.maxlist = short.maxtuple = short.maxset = short.maxfrozenset = short.maxarray = 20
    short.maxstring = short.maxlong = short.maxother = max(limit, 8)
    return short


item = shorter(wanted["max_item"] // 4)


def text(value, short=item, limit=wanted["max_item"]):
    try:
        return short.repr(value)[:limit]
    except Exception as error:  # a value's own code may do anything
        return "<%s cannot be shown: %s>" % (type(value).__name__, type(error).__name__)


def attribute(value, name):
    try:
        return getattr(value, name)
    except Exception:
        return None


def children(value):
    if isinstance(value, dict):
        for key in list(value):
            yield "[%s]" % text(key), value[key]
    elif isinstance(value, (list, tuple)):
        for index, element in enumerate(value):
            yield "[%d]" % index, element
    elif isinstance(value, (set, frozenset)):
        for index, element in enumerate(value):
            yield "{%d}" % index, element
    elif is_frame(value):
        for name in list(value.columns):
            yield "[%s]" % text(name), value[name]
    else:
        own = attribute(value, "__dict__")
        if isinstance(own, dict) and not isinstance(value, (type, type(sys))):
            for name in list(own):
                yield "." + str(name), own[name]


def is_frame(value):
    return type(value).__name__ == "DataFrame" and attribute(value, "columns") is not None


def describe(name, value):
    shape = attribute(value, "shape")
    shape = [int(n) for n in shape] if isinstance(shape, tuple) and all(isinstance(n, int) for n in shape) else None
    dtype = attribute(value, "dtype")
    size = attribute(value, "nbytes")
    if not isinstance(size, int):
        try:
            size = sys.getsizeof(value)
        except Exception:
            size = None
    length = None
    if isinstance(value, (str, bytes, bytearray, list, tuple, dict, set, frozenset)) or shape is not None:
        try:
            length = len(value)
        except Exception:
            pass
    keys = None
    if isinstance(value, dict):
        keys = [text(key) for key in itertools.islice(value, 20)]
    elif is_frame(value):
        keys = [str(key)[:200] for key in itertools.islice(value.columns, 20)]
    return {
        "name": name[: wanted["max_item"]],
        "type": type(value).__name__,
        "value": text(value),
        "size": size,
        "expandable": next(children(value), None) is not None,
        "shape": shape,
        "dtype": None if dtype is None else str(dtype)[:100],
        "length": length,
        "keys": keys,
    }


def own_names():
    hidden = shell.user_ns_hidden
    for name in sorted(shell.user_ns):
        if not name.startswith("_") and shell.user_ns[name] is not hidden.get(name, missing):
            yield name


def find():
    value = shell.user_ns.get(wanted["name"], missing)
    for step in wanted["path"]:
        if value is missing:
            break
        value = next((child for name, child in children(value) if name == step), missing)
    return value


def detail(value):
    most = wanted["max_children"]
    inside = list(itertools.islice(children(value), most + 1))
    methods = []
    if not isinstance(value, (int, float, complex, bool, type(None))):
        for name in dir(type(value)):
            if not name.startswith("_") and callable(attribute(type(value), name)):
                methods.append(name)
    limit = wanted["max_value"]
    return {
        "variable": describe((wanted["path"] or [wanted["name"]])[-1], value),
        "fullValue": text(value, shorter(limit), limit),
        "children": [describe(name, child) for name, child in inside[:most]],
        "methods": methods[:200],
        "truncated": len(inside) > most,
    }


if wanted["name"] is None:
    names = list(itertools.islice(own_names(), wanted["max_items"] + 1))
    answer = {
        "variables": [describe(name, shell.user_ns[name]) for name in names[: wanted["max_items"]]],
        "truncated": len(names) > wanted["max_items"],
    }
else:
    found = find()
    answer = None if found is missing else detail(found)
sys.stdout.write("\x1e" + json.dumps(answer) + "\x1e")
sys.stdout.flush()
