"""What hassfest, HACS and this project refuse, as functions over a repository's folder."""
