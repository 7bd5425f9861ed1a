from hypothesis import settings

# the machine may be busy: a slow example is not a wrong one
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
