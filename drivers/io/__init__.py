"""The only input and output of the readers; one file for each library that touches a device."""
