.PHONY: bench
bench: ## run the benchmarks side by side with peers and write docs/benchmarks.md
	python benchmarks/run_all.py
