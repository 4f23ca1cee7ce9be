"""Config knows: settings, keys, rule files, calendars, words, and the look of both sites."""
