"""Make the documentation site: gather its pages, rebuild the verification manual, call Sphinx, check every link."""
