"""What a random draw is for: one number each, so that no two decisions share a draw.

Blocks: 1-99 engine and keys, 100-199 demography, 200-299 housing, 300-399 work and shops, 400-499 budget and
services, 500-599 synthesis, 600-699 resettlement and comers, 700-799 observation.
"""

LIFE_SCREEN = 1

KEY_CHILD = 10
KEY_HOUSEHOLD = 11
KEY_ARRIVAL = 12
KEY_DWELLING = 13
KEY_BUILDING = 14
KEY_SHOP = 15
