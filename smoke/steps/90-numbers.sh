# What the idle stack costs.
octavo status | grep -i -E 'memory|total' | sed 's/^/  /'
