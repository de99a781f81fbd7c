"""The authorization server: FAPI 2.0's profile of OAuth 2, on Authlib's grants."""
