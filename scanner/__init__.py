"""mlposture: policy-as-code compliance for Azure Machine Learning estates."""

__version__ = "0.1.0"
