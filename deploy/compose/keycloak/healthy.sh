#!/usr/bin/env bash
# The image has no program that asks over HTTP.
exec 3<>/dev/tcp/127.0.0.1/9000 || exit 1
printf 'GET /identity/health/ready HTTP/1.0\r\n\r\n' >&3
read -r line <&3
[[ $line == *" 200 "* ]]
