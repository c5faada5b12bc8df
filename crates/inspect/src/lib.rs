//! Catalogers: layers become an Inventory, in one pass.
