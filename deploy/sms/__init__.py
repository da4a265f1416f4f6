"""The simulated SMS gateway: takes each message once by its id, delivers it, and remembers what each phone got.

What goes wrong is chosen by the last four digits of the phone number: 0002 fails as an invalid number, 0003 is never
delivered, 0004 is taken while the first answer is lost. Instants are UTC.
"""
