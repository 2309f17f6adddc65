"""Jupyter's own test of kernels (jupyter_kernel_test) against the kernelspec whose name is in KERNEL_NAME."""

import os
import unittest

import jupyter_kernel_test


class OnTheMesh(jupyter_kernel_test.KernelTests):
    kernel_name = os.environ["KERNEL_NAME"]
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    code_generate_error = "raise"
    code_execute_result = [
        {"code": "1+2+3", "result": "6"},
        {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"},
    ]
    code_display_data = [
        {"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"},
        {"code": "from IPython.display import Math, display; display(Math('\\\\frac{1}{2}'))", "mime": "text/latex"},
    ]
    code_clear_output = "from IPython.display import clear_output; clear_output()"

    completion_samples = [{"text": "zi", "matches": {"zip"}}]
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"]
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2"]
    invalid_code_samples = ["import = 7q"]
    code_inspect_sample = "zip"
    # The library's own search leaves out fields that its protocol demands; a search with them is tested below.
    supported_history_operations = ("tail", "range")

    def test_the_history_is_searched(self):
        self.flush_channels()
        for code in ("'sought 1'", "'other'", "'sought 2'", "'sought 2'"):
            self.execute_helper(code)
        for unique, expected in ((False, ["'sought 2'", "'sought 2'"]), (True, ["'sought 1'", "'sought 2'"])):
            self.flush_channels()
            self.kc.history(hist_access_type="search", pattern="*sought ?*", unique=unique, n=2)
            found = self.get_non_kernel_info_reply(timeout=15)["content"]["history"]
            self.assertEqual([code for _, _, code in found], expected)

    def test_a_question_waits_for_the_cell_before_it(self):
        self.flush_channels()
        self.kc.execute("import time\ntime.sleep(0.5)\nmade_by_the_cell = 1")
        self.kc.complete("made_by_the")
        replies = [self.kc.get_shell_msg(timeout=30) for _ in range(2)]
        self.assertEqual([reply["msg_type"] for reply in replies], ["execute_reply", "complete_reply"])
        matches = replies[1]["content"]["matches"]
        for _ in range(10):  # on a busy machine a kernel takes its time to load what completes
            if matches:
                break
            self.kc.complete("made_by_the")
            matches = self.kc.get_shell_msg(timeout=30)["content"]["matches"]
        self.assertEqual(matches, ["made_by_the_cell"])

    def test_input_is_asked_for_and_given(self):
        self.flush_channels()
        self.kc.execute("print('got', input('name? '))", allow_stdin=True)
        asked = self.kc.get_stdin_msg(timeout=15)
        self.assertEqual(asked["content"], {"prompt": "name? ", "password": False})
        self.kc.input("Ada")
        self.assertEqual(self.kc.get_shell_msg(timeout=15)["content"]["status"], "ok")
        texts = [m["content"].get("text") for m in self.iopub_until_idle() if m["msg_type"] == "stream"]
        self.assertEqual("".join(texts), "got Ada\n")

    def test_an_interrupt_by_message_ends_the_cell(self):
        self.flush_channels()
        self.kc.execute("import time\nprint('begun', flush=True)\ntime.sleep(1000)")
        while self.kc.get_iopub_msg(timeout=15)["content"].get("text") != "begun\n":
            pass
        self.km.interrupt_kernel()
        content = self.kc.get_shell_msg(timeout=15)["content"]
        self.assertEqual((content["status"], content["ename"]), ("error", "KeyboardInterrupt"))

    def test_cells_that_wait_behind_a_failure_are_aborted(self):
        self.flush_channels()
        asked = [self.kc.execute(code) for code in ("import time; time.sleep(0.5); 1/0", "print('no')", "print('no')")]
        replies = {}
        while len(replies) < len(asked):
            message = self.kc.get_shell_msg(timeout=15)
            replies[message["parent_header"]["msg_id"]] = message["content"]["status"]
        self.assertEqual([replies[one] for one in asked], ["error", "aborted", "aborted"])

    def iopub_until_idle(self):
        messages = []
        while not messages or messages[-1]["content"].get("execution_state") != "idle":
            messages.append(self.kc.get_iopub_msg(timeout=15))
        return messages


if __name__ == "__main__":
    unittest.main()
