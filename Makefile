# Every target builds what it needs from a bare Python >= 3.11 and is safe to repeat.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PYTEST ?= $(BIN)/pytest -q -n 2 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help demo test check test-slow fuzz gen docs bench serve clean

help:  ## Liệt kê các lệnh / list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Cần Python >= 3.11 / Python >= 3.11 is needed"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"

$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all]' --group dev
	@touch $@ $(VENV)/.run

$(VENV)/.docs: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@

demo: $(VENV)/.run  ## Một ngày bệnh viện từ đầu đến cuối / one hospital day end to end
	$(BIN)/python -m vnhealth demo --out demo-out

test: $(VENV)/.dev  ## Chạy toàn bộ kiểm thử / run all tests
	$(PYTEST)

check: $(VENV)/.dev  ## ruff, mypy, tầng kiến trúc, tệp sinh / lint, types, layers, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/gen_records.py --check

test-slow: $(VENV)/.dev  ## Kiểm thử sâu: fuzz, tải / deep tests: fuzz, load
	$(BIN)/pytest -q -m slow --hypothesis-profile=slow

fuzz: | $(BIN)/python  ## Yêu cầu ngẫu nhiên theo OpenAPI / random requests by the OpenAPI description
	test -d $(VENV)-fuzz || $(BIN)/python -m venv $(VENV)-fuzz
	$(VENV)-fuzz/bin/python -m pip install --quiet --disable-pip-version-check "schemathesis>=4" -e '.[sandbox]'
	$(VENV)-fuzz/bin/python tools/fuzz_openapi.py

gen: $(VENV)/.dev  ## Sinh lại lớp bản ghi / write the record classes again
	$(BIN)/python tools/gen_records.py
	$(BIN)/ruff format --quiet src

docs: $(VENV)/.docs  ## Trang tài liệu / the documentation site
	$(BIN)/python tools/gen_docs.py
	$(BIN)/mkdocs build --strict --quiet -f docs/mkdocs.vi.yml
	$(BIN)/mkdocs build --strict --quiet -f docs/mkdocs.en.yml

bench: $(VENV)/.bench  ## Đo tốc độ bên cạnh sàn và các thư viện khác / benchmarks
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.bench_sandbox

serve: $(VENV)/.run  ## Mở môi trường thử / start the sandbox server
	$(BIN)/python -m vnhealth sandbox serve

clean:  ## Xoá môi trường và kết quả / remove environment and outputs
	rm -rf $(VENV) $(VENV)-fuzz demo-out site .pytest_cache .mypy_cache .ruff_cache .hypothesis
