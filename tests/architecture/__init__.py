"""The rules of the house as functions over a folder, so that planted breaches prove them."""
