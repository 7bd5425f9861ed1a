"""Where prices settle when every firm answers the others: Bertrand-Nash and what moves it."""
