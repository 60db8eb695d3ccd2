# Everything a person or the CI runs. The logic is in tools/; each target does its own set-up.
.PHONY: demo serve network test test-slow check fmt docs vectors bench faults mutation changelog lock clean
BIN := .venv/bin

demo:        ; @tools/setup.sh run && rm -rf demo-home && $(BIN)/akashi demo --home demo-home
serve:       ; @tools/setup.sh run && $(BIN)/akashi serve --home demo-home
network:     ; @tools/network.sh
test:        ; @tools/setup.sh dev && $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)
test-slow:   ; @tools/setup.sh dev && $(BIN)/python -m pytest -m slow $(ARGS)
check:       ; @tools/setup.sh dev && tools/check.sh
fmt:         ; @tools/setup.sh dev && $(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .
docs:        ; @tools/setup.sh dev && tools/docs.sh
vectors:     ; @tools/setup.sh dev && tools/vectors.sh
bench:       ; @tools/setup.sh dev && $(BIN)/python -m tools.bench $(ARGS)
faults:      ; @tools/setup.sh dev && PYTHONPATH=src:verifier:. $(BIN)/python -m tools.faults $(ARGS)
mutation:    ; @tools/setup.sh dev && $(BIN)/python -m tools.mutation $(ARGS)
changelog:   ; @tools/setup.sh dev && $(BIN)/python -m tools.changelog $(ARGS)
lock:        ; @tools/setup.sh dev && tools/lock.sh
clean:       ; @rm -rf build demo-home screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
