"""The sample project: loaded by `make up`, alive through jobs that start at first start. Stands above every room."""
