"""What every web service of ours needs: settings, database, server, logging. It knows only `records`."""
