"""The consent gateway: takes trade data in, keeps consent, gives evidence out."""
