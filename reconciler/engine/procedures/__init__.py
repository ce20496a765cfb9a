"""One procedure for each action. It carries out a change from its first step to its last."""
