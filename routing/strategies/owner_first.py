"""Owner first: a returning person goes to their own rep where that is soon enough (routing/journey.py decides that).

This file orders everybody else, as least loaded does.
"""

from routing.strategies import least_loaded
from routing.strategies.order import Order

ORDER: Order = least_loaded.ORDER
charge = least_loaded.charge
