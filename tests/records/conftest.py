"""Settings for the generated tests."""

from hypothesis import settings

# The first example may have to seal, and CI shares its cores: a slow example is no fault.
settings.register_profile("kuaijietong", deadline=None)
settings.load_profile("kuaijietong")
