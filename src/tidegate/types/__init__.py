"""The nouns of the house: frozen records that know their clock."""

from tidegate.types.bars import Bars as Bars
from tidegate.types.bars import BarSpec as BarSpec
from tidegate.types.clock import Horizon as Horizon
from tidegate.types.clock import Instant as Instant
from tidegate.types.clock import Moment as Moment
from tidegate.types.fold import Fold as Fold
from tidegate.types.fold import Span as Span
from tidegate.types.forecast import Forecast as Forecast
from tidegate.types.ledger import Ledger as Ledger
from tidegate.types.panel import Panel as Panel
from tidegate.types.report import Report as Report
from tidegate.types.targets import Targets as Targets
from tidegate.types.windows import Affine as Affine
from tidegate.types.windows import Windows as Windows
