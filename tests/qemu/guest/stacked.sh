# patch: stacked-1
# then: stacked-2
# then: stacked-3
# stacked: the first livepatch calls a function of its own that the later ones replace
# alone: three livepatches at once
# before: Character devices: 1 mem
# after: Character klp devices: 1 klp-one mem
# after: Character klp devices: 1 klp-two mem
# after: Character klp devices: 1 klp-three mem
head -n 2 /proc/devices | xargs
