"""The rules: pure, told the time, chance and ids; no IO."""
