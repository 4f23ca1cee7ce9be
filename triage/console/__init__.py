"""The staff's desk: pages where people decide. Rules are not here: see workflow, permissions, actions."""
