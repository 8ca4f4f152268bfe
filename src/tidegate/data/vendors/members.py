"""The vendors there are, by name."""

from tidegate.data.vendors.akshare import Akshare
from tidegate.data.vendors.akshare_futures import AkshareFutures
from tidegate.data.vendors.asking import Vendor
from tidegate.data.vendors.baostock import Baostock
from tidegate.data.vendors.contracts import ContractVendor
from tidegate.data.vendors.tqsdk import Tqsdk
from tidegate.data.vendors.tushare import Tushare
from tidegate.errors import UnknownNameError

__all__ = ["CONTRACT_VENDORS", "VENDORS", "vendor_named"]

VENDORS: dict[str, Vendor] = {vendor.name: vendor for vendor in (Baostock(), Akshare(), Tushare())}
CONTRACT_VENDORS: dict[str, ContractVendor] = {vendor.name: vendor for vendor in (AkshareFutures(), Tqsdk())}
"""Those of futures, which are asked contract by contract."""


def vendor_named(name: str) -> Vendor:
    """Find a vendor; raises `UnknownNameError`.

    >>> vendor_named("baostock").wait
    0.3
    """
    if name not in VENDORS:
        raise UnknownNameError.among("vendor", name, [*VENDORS, *CONTRACT_VENDORS])
    return VENDORS[name]
